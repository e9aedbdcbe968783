//! The pages of `nnc explain`: one for each code that the syntax, this analysis and
//! lowering give, in `explain/*.md`.

/// The page of a message's code: what it means, a program that gives it, the repair.
pub fn explain(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(it, _)| *it == code).map(|(_, page)| *page)
}

/// All codes that have a page, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(code, _)| *code)
}

macro_rules! pages {
    ($($code:literal),* $(,)?) => {
        &[$(($code, include_str!(concat!("../explain/", $code, ".md")))),*]
    };
}

const PAGES: &[(&str, &str)] = pages![
    "E0001", "E0002", "E0003", "E0004", "E0005", "E0006", "E0007", "E0008", "E0009", "E0010",
    "E0011", "E0012", "E0013", "E0014", "E0015", "E0016", "E0017", "E0018", "E0019", "E0020",
    "E0100", "E0101", "E0102", "E0103", "E0104", "E0105", "E0106", "E0107", "E0110", "E0111",
    "E0112", "E0113", "E0114", "E0115", "E0116", "E0117", "E0118", "E0120", "E0121", "E0122",
    "E0123", "E0125", "E0126", "E0127", "E0128", "E0129", "E0131", "E0132", "E0133", "E0134",
    "E0140", "E0141", "E0142", "E0145", "E0146", "E0147", "E0190", "E0200", "E0201", "E0202",
    "E0203", "E0204", "E0205", "E0206", "E0207", "E0208", "E0210", "E0211", "E0212", "E0213",
    "E0214", "E0215", "E0216", "E0217", "E0218", "E0220", "E0221", "E0222", "E0223", "E0224",
    "E0225", "E0226", "E0227", "E0228", "E0229", "E0230", "E0232", "E0240", "E0241", "E0242",
    "E0250", "E0251", "E0252", "E0253", "E0254", "E0255", "E0301", "E0302", "E0303", "E0310",
    "E0311", "E0312", "E0313", "E0314", "E0315", "E0320", "E0330", "E0331", "E0332", "E0333",
    "E0334", "E0402", "E0403", "E0404", "E0405", "E0406", "E0410", "E0411", "E0501", "E0502",
    "E0503", "E0504", "E0505", "E0506", "E0507", "E0508", "E0509", "E0510", "E0511", "E0512",
    "E0513", "E0514", "E0515", "E0516", "E0517", "E0520", "E0521", "E0550", "E0551", "E0552",
    "E0553", "E0599", "E0780", "E0781", "E0782", "E0783", "E0784", "E0785", "E0786", "E0787",
    "E0788", "E0789",
];
