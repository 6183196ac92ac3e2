#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    assert_eq!(server::hostile::config(text), Ok(()));
});
