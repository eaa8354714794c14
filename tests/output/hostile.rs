//! Whatever a remote host, a file name or a journal says is shown and has no effect.

use std::path::Path;

use cipher_survey::model::Survey;
use cipher_survey::model::units::is_obeyed;
use cipher_survey::report::{Format, Report, Style, write};
use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};
use serde_json::Value;

use crate::{own, records};

/// What somebody may put before a name.
const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>&amp;",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*\t-2+3",
    "\u{202e}\u{200f}\u{2066}日本\u{1b}[2J\u{9b}31m\u{7}\0",
    "a|b`c``d```\r\n| --- |\n# e\n\n```\n",
    "[x](javascript:alert(1)) ![y](http://example.org/z) <a@example.org>",
    "**b** _i_ ~~s~~ \\ @everyone #1 :smile: $x$ www.example.org $(reboot) `reboot`",
    "- 1. + > ",
];

/// Keys whose text comes from outside.
const KEYS: [&str; 17] = [
    "name",
    "target",
    "kernel",
    "cpu_model",
    "os",
    "evidence",
    "program",
    "version",
    "aes_disabled_by",
    "directory",
    "started",
    "cipher",
    "mac",
    "reason",
    "remedy",
    "detail",
    "proxy",
];

/// Puts the text before every text from outside. Ciphers that differ still do.
fn spoil(value: &mut Value, key: &str, hostile: &str, end: bool) {
    match value {
        // An end has a reason of its own kind.
        Value::String(text) if KEYS.contains(&key) && !end => *text = format!("{hostile}{text}"),
        Value::Array(values) => values.iter_mut().for_each(|one| spoil(one, key, hostile, end)),
        Value::Object(values) => {
            values.iter_mut().for_each(|(key, one)| spoil(one, key, hostile, end));
        }
        _ => {}
    }
}

fn survey(hostile: &str) -> (Survey, Value) {
    let mut lines = records(&own("fixtures/records/loopback-1.jsonl"));
    lines[0]["file"]["name"] = "file".into();
    lines[0]["pairings"][0]["loopback"] = false.into();
    lines[0]["pairings"][0]["skipped"] = serde_json::json!([{"cipher": "3des-cbc", "reason": ""}]);
    let mut failed = lines[lines.len() - 2].clone();
    failed["outcome"] = "failed".into();
    failed["reason"] = "reason".into();
    failed["remedy"] = "remedy".into();
    let last = lines.len() - 1;
    lines.insert(last, failed);
    for line in &mut lines {
        let end = line["kind"] == "end";
        spoil(line, "", hostile, end);
    }
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    let survey = Survey::read(text.join("\n").as_bytes()).unwrap();
    assert!(survey.problems.is_empty(), "{:?}", survey.problems);
    (survey, lines.swap_remove(0))
}

fn report_of(survey: &Survey) -> Report<'_> {
    Report::of(survey, None)
}

fn shown(survey: &Survey, hostile: &str, format: Format) -> String {
    styled(survey, hostile, format, &Style::default())
}

fn styled(survey: &Survey, hostile: &str, format: Format, style: &Style) -> String {
    let path = format!("/home/{hostile}/journal.jsonl");
    let report = Report { journal: Some(Path::new(&path)), ..report_of(survey) };
    let mut out = Vec::new();
    write(&report, format, style, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let obeyed: Vec<char> = text.chars().filter(|&c| is_obeyed(c) && c != '\n').collect();
    assert!(obeyed.is_empty(), "{format:?}: {obeyed:?} in\n{text}");
    text
}

#[test]
fn no_text_controls_the_terminal() {
    for hostile in HOSTILE {
        shown(&survey(hostile).0, hostile, Format::Table);
    }
}

#[test]
fn json_keeps_every_text_as_it_was() {
    for hostile in HOSTILE {
        let (survey, header) = survey(hostile);
        let text = shown(&survey, hostile, Format::Json);
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["header"]["file"]["name"], header["file"]["name"]);
        assert_eq!(
            document["header"]["pairings"][0]["server"]["host"],
            header["pairings"][0]["server"]["host"]
        );
        let name = document["header"]["file"]["name"].as_str().unwrap();
        assert!(name.starts_with(hostile), "{name}");
    }
}

#[test]
fn csv_keeps_its_shape_and_holds_no_formula() {
    for hostile in HOSTILE {
        let (survey, _) = survey(hostile);
        for (summary, rows) in [(false, survey.samples.len()), (true, 8)] {
            let style = Style { summary, ..Style::default() };
            let text = styled(&survey, hostile, Format::Csv, &style);
            assert_eq!(text.lines().count(), 1 + rows, "a cell over several lines:\n{text}");
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let columns = reader.headers().unwrap().len();
            let mut hidden = 0;
            for record in reader.records() {
                let record = record.unwrap();
                assert_eq!(record.len(), columns);
                for cell in record.iter().filter(|cell| cell.parse::<f64>().is_err()) {
                    let formula = cell.trim().starts_with(['=', '+', '-', '@']);
                    assert!(!formula, "{summary}: {cell}");
                    hidden += usize::from(cell.starts_with('\''));
                }
            }
            let is_formula = hostile.starts_with(['=', '+', '-', '@']);
            assert_eq!(hidden > 0, is_formula, "{hostile}");
        }
    }
}

/// Renders as GitHub does, as far as that is known: automatic links, mentions, formulas.
fn github() -> Options<'static> {
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.alerts = true;
    options.extension.footnotes = true;
    options.extension.math_code = true;
    options.extension.math_dollars = true;
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.tasklist = true;
    options.parse.relaxed_autolinks = true;
    options
}

/// What GitHub finds in a text after it has been parsed.
fn is_found(text: &str) -> bool {
    text.contains(['@', '#', '$']) || text.split(' ').any(|word| word.matches(':').count() > 1)
}

#[test]
fn markdown_is_plain_text() {
    for hostile in HOSTILE {
        let (survey, _) = survey(hostile);
        let text = shown(&survey, hostile, Format::Markdown);
        let in_context = |what: &dyn std::fmt::Debug| format!("{what:?} of {hostile:?} in\n{text}");
        let (mut headings, mut rows, mut blocks) = (0, Vec::new(), 0);
        for node in parse_document(&Arena::new(), &text, &github()).descendants() {
            match &node.data().value {
                NodeValue::Heading(_) => headings += 1,
                NodeValue::TableRow(_) => rows.push(node.children().count()),
                NodeValue::CodeBlock(_) => blocks += 1,
                NodeValue::HtmlInline(html) if html == "<br>" => {}
                NodeValue::Text(text) if !is_found(text) => {}
                NodeValue::Document
                | NodeValue::Paragraph
                | NodeValue::List(_)
                | NodeValue::Item(_)
                | NodeValue::Strong
                | NodeValue::Code(_)
                | NodeValue::Table(_)
                | NodeValue::TableCell => {}
                other => panic!("{}", in_context(other)),
            }
        }
        // Two ciphers in two AES states, each below a heading; then two directions of a heading and all four.
        assert_eq!(rows, [8; 2 * (1 + 2) + 2 * (1 + 4)], "{}", in_context(&"rows"));
        let recommended = report_of(&survey).advised.len();
        assert_eq!(headings, 2 + 2 + 3 + recommended, "{}", in_context(&"headings"));
        assert_eq!(blocks, 0, "lines to paste into a shell: {}", in_context(&"blocks"));
        assert!(!text.contains("<script") && !text.contains("<img"), "{}", in_context(&"HTML"));
    }
}

#[test]
fn markdown_of_a_kept_record_is_whole() {
    let survey = Survey::read(&std::fs::read(own("fixtures/records/russh-1.jsonl")).unwrap());
    let text = shown(&survey.unwrap(), "me", Format::Markdown);
    let mut blocks = Vec::new();
    for node in parse_document(&Arena::new(), &text, &github()).descendants() {
        match &node.data().value {
            NodeValue::CodeBlock(block) => blocks.push(block.literal.clone()),
            NodeValue::Link(link) => panic!("{link:?} in\n{text}"),
            _ => {}
        }
    }
    let pasted = |block: &String| block.starts_with("Host ");
    assert!(blocks.iter().all(pasted), "{blocks:?}\n{text}");
    assert!(blocks.iter().any(|block| block.contains("\nscp -c ")), "{blocks:?}\n{text}");
}
