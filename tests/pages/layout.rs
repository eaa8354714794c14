//! The layout of pages: narrow and wide, light and dark, and printed.

use std::path::Path;

use cipher_survey::model::Survey;
use cipher_survey::report::html::MOST_SAMPLES;
use data_encoding::BASE64;
use serde_json::Value;

use crate::browser::Browser;
use crate::{html, page, surveys};

/// Pixels across, dark, print: a phone and a desk by day and by night, and A4 within its margins.
const APPEARANCES: [(u32, bool, bool); 5] = [
    (360, false, false),
    (360, true, false),
    (1280, false, false),
    (1280, true, false),
    (718, false, true),
];

/// Everything that is wrong with a page, in any appearance.
pub fn inspect(browser: &mut Browser, name: &str, path: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for (width, dark, print) in APPEARANCES {
        browser.look(width, dark, print);
        browser.open(path);
        browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)");
        let look = format!("{name}, {width}{}{}", mark(dark, " dark"), mark(print, " print"));
        let found = browser.evaluate(include_str!("inspect.js"));
        let found: Vec<String> = serde_json::from_value(found).unwrap();
        let all = found.into_iter().chain(browser.complaints());
        wrong.extend(all.map(|text| format!("{look}: {text}")));
        photograph(browser, name, width, dark, print);
    }
    wrong
}

fn mark(is: bool, word: &'static str) -> &'static str {
    if is { word } else { "" }
}

/// Pictures to look at, where `CIPHER_SURVEY_SCREENSHOTS` names a directory: the page in slices, and
/// each chart by itself.
fn photograph(browser: &mut Browser, name: &str, width: u32, dark: bool, print: bool) {
    const SLICE: usize = 1600;
    let Some(directory) = std::env::var_os("CIPHER_SURVEY_SCREENSHOTS") else { return };
    std::fs::create_dir_all(&directory).unwrap();
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)");
    let look = if print {
        "print"
    } else if dark {
        "dark"
    } else {
        "light"
    };
    let take = |browser: &mut Browser, part: &str, place: [f64; 4]| {
        let picture = BASE64.decode(browser.picture(place).as_bytes()).unwrap();
        let file = format!("{name}-{width}-{look}-{part}.png");
        std::fs::write(Path::new(&directory).join(file), picture).unwrap();
    };
    let height = browser.evaluate("document.documentElement.scrollHeight").as_u64().unwrap();
    for (number, top) in (0..height as usize).step_by(SLICE).enumerate() {
        let slice = SLICE.min(height as usize - top) as f64;
        take(browser, &format!("{number:02}"), [0.0, top as f64, width.into(), slice]);
    }
    let charts = browser.evaluate(
        "[...document.querySelectorAll('figure')].map(figure => {
           const place = figure.getBoundingClientRect();
           return [figure.id, [place.x, place.y + scrollY, place.width, place.height]];
         })",
    );
    let charts: Vec<(String, [f64; 4])> = serde_json::from_value(charts).unwrap();
    for (id, place) in charts {
        take(browser, &id, place);
    }
}

fn assert_sound(surveys: &[(String, Survey)]) {
    let directory = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    let of = |(name, survey): &(String, Survey)| {
        inspect(&mut browser, name, &page(directory.path(), name, survey))
    };
    let wrong: Vec<String> = surveys.iter().flat_map(of).collect();
    assert!(wrong.is_empty(), "{} things:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn pages_of_old_records_are_sound_in_every_appearance() {
    let records = surveys::records();
    assert!(records.len() >= 4);
    assert_sound(&records);
}

/// As they are, not made anew.
#[test]
fn every_page_in_results_is_sound() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let mut pages = surveys::below(&results);
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "html"));
    assert!(pages.len() >= 5, "{pages:?}");
    let mut browser = Browser::start();
    let of = |path: &std::path::PathBuf| {
        let name = path.strip_prefix(&results).unwrap().with_extension("");
        let name = name.to_string_lossy().replace('/', "-");
        let size = std::fs::metadata(path).unwrap().len();
        let small = (size < 400_000).then_some(()).ok_or(format!("{name}: {size} bytes"));
        inspect(&mut browser, &name, path).into_iter().chain(small.err()).collect::<Vec<_>>()
    };
    let wrong: Vec<String> = pages.iter().flat_map(of).collect();
    assert!(wrong.is_empty(), "{} things:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_page_of_a_large_survey_is_sound_and_small() {
    let large = surveys::large();
    assert_eq!(large.samples.len(), MOST_SAMPLES);
    let size = html(&large).len();
    assert!(size < 400_000, "{size} bytes");
    assert_sound(&[("large".to_owned(), large)]);
}

#[test]
fn hostile_names_are_plain_text() {
    let survey = surveys::hostile();
    let text = html(&survey);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    let directory = tempfile::tempdir().unwrap();
    let path = page(directory.path(), "hostile", &survey);
    let mut browser = Browser::start();
    browser.look(360, false, false);
    browser.open(&path);
    assert_eq!(browser.evaluate("document.images.length"), 0);
    assert_eq!(browser.evaluate("document.scripts.length"), 1);
    for shown in ["<script>alert(1)</script>", "\\u{202e}desrever\\u{1b}[31m日本語"] {
        let found =
            format!("document.querySelector('main').textContent.includes({})", Value::from(shown));
        assert_eq!(browser.evaluate(&found), true, "{shown}");
    }
    drop(browser);
    assert_sound(&[("hostile".to_owned(), survey)]);
}

#[test]
fn no_text_needs_a_script() {
    let (_, survey) = surveys::kept().pop().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = page(directory.path(), "page", &survey);
    let mut browser = Browser::start();
    browser.look(1280, false, false);
    let text = "document.querySelector('main').innerText.replaceAll(/\\s+/g, ' ')";
    browser.scripts(false);
    browser.open(&path);
    let buttons = "document.querySelectorAll('button').length";
    assert_eq!(browser.evaluate(buttons), 0);
    let without = browser.evaluate(text);
    browser.scripts(true);
    browser.open(&path);
    assert!(browser.evaluate(buttons).as_u64().unwrap() > 10);
    let with = browser.evaluate(&text.replace(".innerText", ".innerText.replaceAll('Copy', '')"));
    let words =
        |text: Value| text.as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words(with), words(without));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
