#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    assert_eq!(server::hostile::push(body), Ok(()));
});
