#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| bridge_core::content::invariants::html(text));
