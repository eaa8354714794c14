//! A chart on the page: what it is, its colours, the pictures, and the same figures to read.

use maud::{Markup, html};

use super::grid::grid;
use super::text::{name, prose};
use crate::model::Survey;
use crate::model::units::printable;
use crate::report::chart::panel::Panel;
use crate::report::chart::{Chart, Drawing, cpu, drift, efficiency, relative, seconds, throughput};

/// The charts of a survey's panel.
pub fn all(panel: &Panel, survey: &Survey) -> [Chart; 6] {
    [
        throughput::chart(panel),
        cpu::chart(panel),
        seconds::chart(panel, survey.header.file.bytes),
        relative::chart(panel),
        efficiency::chart(panel),
        drift::chart(panel, survey),
    ]
}

/// `place`: the id of what the chart is of.
pub fn figure(chart: &Chart, place: &str) -> Markup {
    let id = format!("{place}-{}", chart.id);
    html! {
        figure #(id) {
            figcaption {
                h4 { (chart.title) }
                @for text in &chart.caption { p { (prose(text)) } }
                @if !chart.key.is_empty() { (key(&chart.key)) }
            }
            div.drawings {
                @for (index, drawing) in chart.drawings.iter().enumerate() {
                    (svg(drawing, chart.title, &format!("{id}-{index}")))
                }
            }
            @if !chart.names.is_empty() {
                ol.names { @for own in &chart.names { li { (name(own)) } } }
            }
            details {
                summary { "The figures of this chart" }
                (grid(&chart.grid, &id))
            }
        }
    }
}

fn key(key: &[(&'static str, String)]) -> Markup {
    html! {
        ul.key {
            @for (class, meaning) in key {
                li {
                    svg width="14" height="12" aria-hidden="true" {
                        @match *class {
                            "mark" => line class="mark" x1="7" x2="7" y1="0" y2="12" {},
                            "failed" => path class="failed" d="M3 2L11 10M3 10L11 2" {},
                            class => rect class=(class) x="0.5" y="0.5" width="13" height="11" {},
                        }
                    }
                    " " (meaning)
                }
            }
        }
    }
}

/// As wide as its place, and so many pixels high.
fn svg(drawing: &Drawing, title: &str, id: &str) -> Markup {
    let whole = match drawing.title.is_empty() {
        true => title.to_owned(),
        false => format!("{title}, {}", drawing.title),
    };
    html! {
        div.drawing {
            @if !drawing.title.is_empty() { p.way { (drawing.title) } }
            svg.chart role="img" width="100%" height=(drawing.height)
                aria-labelledby={ (id) "-title " (id) "-desc" } {
                title id={ (id) "-title" } { (printable(&whole)) }
                desc id={ (id) "-desc" } { (printable(&drawing.description)) }
                (drawing.marks)
            }
        }
    }
}
