#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    assert_eq!(server::hostile::settings(text), Ok(()));
});
