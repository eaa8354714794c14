//! One figure or text of a line, unrounded, with what nobody knows told from zero.

use serde::Serialize;

use crate::model::units::{printable, significant};

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Absent,
    /// Finite.
    Number(f64),
    Count(i128),
    Flag(bool),
    /// Perhaps from outside.
    Text(String),
}

impl Value {
    /// A name as the journal and the JSON document have it.
    pub fn named(value: impl Serialize) -> Value {
        match serde_json::to_value(value) {
            Ok(serde_json::Value::String(name)) => Value::Text(name),
            _ => Value::Absent,
        }
    }

    /// Several names with a space between them.
    pub fn names(values: &[impl Serialize]) -> Value {
        let names = values.iter().filter_map(|value| match Value::named(value) {
            Value::Text(name) => Some(name),
            _ => None,
        });
        Value::Text(names.collect::<Vec<_>>().join(" "))
    }

    pub fn is_known(&self) -> bool {
        *self != Value::Absent
    }

    pub fn number(&self) -> Option<f64> {
        match *self {
            Value::Number(number) => Some(number),
            Value::Count(count) => Some(count as f64),
            Value::Absent | Value::Flag(_) | Value::Text(_) => None,
        }
    }

    /// As people read it: a number by its three significant digits, a text with its control
    /// characters escaped.
    pub fn rounded(&self) -> String {
        match self {
            Value::Absent => "-".into(),
            Value::Number(number) => significant(*number),
            Value::Count(count) => count.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Text(text) => printable(text),
        }
    }
}

macro_rules! counts {
    ($($number:ty),*) => {$(
        impl From<$number> for Value {
            fn from(value: $number) -> Value {
                Value::Count(value as i128)
            }
        }
    )*};
}
counts!(u32, u64, i64, usize);

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Flag(flag)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        if value.is_finite() { Value::Number(value) } else { Value::Absent }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Absent, Into::into)
    }
}
