#[test]
fn parses() {
    for f in ["smollm2/model.nn","minilm/model.nn","mobilenet_v2/model.nn","digits/model.nn","bert_base.nn","resnet50.nn"] {
        let text = std::fs::read_to_string(format!("../../examples/{f}")).unwrap();
        let p = nnc_syntax::parse(nnc_base::FileId::from_raw(0), &text);
        for d in p.diagnostics { println!("{f}: {} {:?}", text[..d.span().start as usize].lines().count(), d.message); }
    }
}
