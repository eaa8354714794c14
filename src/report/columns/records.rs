//! Lines for programs.

use super::{Column, Value};

/// Lines of values, as many as there are keys.
pub struct Records<'a> {
    pub keys: Vec<String>,
    pub lines: Box<dyn Iterator<Item = Vec<Value>> + 'a>,
}

impl<'a> Records<'a> {
    /// Each line by the columns of a list.
    pub fn of<T: 'a>(list: Vec<Column<T>>, lines: impl Iterator<Item = T> + 'a) -> Records<'a> {
        let list: Vec<Column<T>> = list.into_iter().filter(|column| column.in_csv).collect();
        let keys = list.iter().map(|column| column.key.clone()).collect();
        let values = move |line: T| list.iter().map(|column| column.value(&line)).collect();
        Records { keys, lines: Box::new(lines.map(values)) }
    }
}
