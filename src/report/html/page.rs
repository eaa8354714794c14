//! The frame of a page: its head, the way to its sections, and the sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::text;
use crate::model::units::printable;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Of `SCRIPT`, so that a browser runs it and nothing else; the tests of pages look for it.
const SCRIPT_SHA256: &str = "CruLrAmuVwUduV0pF+QDlN8VNFAxZaXAYwvJ0aartss=";

/// What a page shows.
pub struct Page {
    /// What kind of a page it is.
    pub kind: &'static str,
    pub title: String,
    /// Below the title.
    pub facts: Markup,
    pub sections: Vec<Section>,
    /// What it was made from.
    pub source: Markup,
}

/// A part of a page with a heading of its own.
pub struct Section {
    /// Letters alone; unique on the page.
    pub id: &'static str,
    pub title: &'static str,
    /// Only its title is shown until a reader opens it.
    pub folded: bool,
    pub body: Markup,
}

impl Page {
    pub fn document(&self) -> Markup {
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{SCRIPT_SHA256}'"
        );
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content={ "cipher-survey " (env!("CARGO_PKG_VERSION")) };
                    title { (printable(&self.title)) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    header {
                        p.kind { (self.kind) }
                        h1 { (text::title(&self.title)) }
                        (self.facts)
                    }
                    nav aria-label="Sections" {
                        ul {
                            @for section in &self.sections {
                                li { a href={ "#" (section.id) } { (section.title) } }
                            }
                        }
                    }
                    main #main {
                        @for section in &self.sections { (section.show()) }
                    }
                    footer {
                        (self.source)
                        p { "Made by cipher-survey " (env!("CARGO_PKG_VERSION")) "." }
                    }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    }
}

impl Section {
    fn show(&self) -> Markup {
        let title = format!("{}-title", self.id);
        html! {
            section #(self.id) aria-labelledby=(title) {
                @match self.folded {
                    false => { h2 #(title) { (self.title) } (self.body) },
                    true => details { summary { h2 #(title) { (self.title) } } (self.body) },
                }
            }
        }
    }
}
