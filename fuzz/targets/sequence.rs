//! The differential harness from a fuzzer's bytes: any sequence of calls.
//!
//! Stock zlib is the shared object that `ZCOMPAT_STOCK` names. Without it only what must hold of
//! ours alone is checked.
#![no_main]

use std::sync::OnceLock;

use differential::api::{Libraries, Zlib};
use differential::back::BackCase;
use differential::case::Case;
use differential::deflate::DeflateCase;
use differential::inflate::InflateCase;
use differential::oneshot::OneShotCase;
use differential::source::Source;
use libfuzzer_sys::fuzz_target;

extern crate zcompat as _;

fn libraries() -> &'static Libraries {
    static LIBRARIES: OnceLock<Libraries> = OnceLock::new();
    LIBRARIES.get_or_init(|| {
        let ours = Zlib::linked();
        let stock = match std::env::var_os("ZCOMPAT_STOCK") {
            Some(path) => Zlib::open(path.as_ref()).expect("ZCOMPAT_STOCK is a libz.so.1"),
            None => ours,
        };
        Libraries { ours, stock }
    })
}

fn run<C: Case>(source: &mut Source) {
    let case = C::generate(libraries(), source);
    if let Err(error) = case.run(libraries()) {
        panic!("{error}\n{case:?}");
    }
}

fuzz_target!(|data: &[u8]| {
    let [kind, choices @ ..] = data else { return };
    let source = &mut Source::bytes(choices);
    match kind % 8 {
        0..=2 => run::<DeflateCase>(source),
        3 => run::<BackCase>(source),
        4 => run::<OneShotCase>(source),
        _ => run::<InflateCase>(source),
    }
});
