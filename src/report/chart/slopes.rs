pub struct Slopes {
    pub unit: String,
    pub classes: Vec<String>,
    pub lines: Vec<Line>,
}
pub struct Line {
    pub name: String,
    pub values: Vec<Option<f64>>,
}
