//! A burst of 2,000 events through the core, for a profiler that counts instructions:
//! `cargo build --release --package tracking --example burst`, then `valgrind --tool=callgrind` over it.

use tracking::{
    Component, Consent, Identity, Now, Settings, Signal, Timestamp, Tracker, UserSecret,
};

fn main() {
    let mut random = 1_u128;
    let identity = Identity {
        user_id: UserSecret::new(1).user_id(),
        session: None,
        queue_prefix: "q/".to_owned(),
        random: Box::new(move || {
            random = random.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
            random
        }),
    };
    let mut tracker = Tracker::new(Settings::default(), Consent::Pending);
    let at = |ms: u64| Now { wall: Timestamp(1_764_000_000_000 + ms), mono_ms: ms };
    tracker.grant(identity, at(1));
    for n in 0..2_000_u64 {
        let name = format!("cmp-{}", n % 8);
        let details = format!(r#"{{"seq":"bevt{n:07}x","load_time_ms":12}}"#);
        let opened = Signal::Interacted {
            component: Component::new(name.clone(), name),
            interaction_type: "opened".to_owned(),
            details: serde_json::value::RawValue::from_string(details).ok(),
        };
        tracker.record(opened, at(2 + n / 100));
    }
    let stored: usize = tracker.storage_ops().len();
    println!("{} recorded, {stored} writes", tracker.stats().recorded);
}
