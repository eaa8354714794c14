#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cipher_survey_fuzz::kexinit(data));
