//! What a reader should mind before trusting a table: the facts, their words, their remedies.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::end::End;
use crate::model::units::significant;
use crate::model::{AesEnds, Source};

/// One thing to mind.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    Interrupted,
    CutOff,
    Lost {
        detail: Option<String>,
    },
    BudgetEnded {
        rounds: u32,
        asked: u32,
    },
    /// Ciphers that were planned and that no round came to.
    Unreached {
        target: String,
        ciphers: Vec<String>,
    },
    Journal {
        problems: Vec<String>,
        more: usize,
    },
    NothingMeasured,
    SharedMachine,
    Proxy {
        target: String,
        proxy: String,
    },
    RekeyLimit {
        target: String,
        limit: String,
    },
    SingleCipher {
        table: String,
        cipher: String,
    },
    #[serde(rename = "long_handshake")]
    LongSetup {
        table: String,
        #[serde(rename = "handshake_s")]
        setup_s: f64,
        bulk_s: f64,
    },
    ServerMissing {
        target: String,
        reason: String,
        #[serde(rename = "trials")]
        samples: usize,
    },
    /// A second reading of the server's CPU says something else; the worst case is told.
    ServerCheck {
        target: String,
        source: Source,
        total_s: f64,
        check: Source,
        check_total_s: f64,
        note: String,
        #[serde(rename = "trials")]
        samples: usize,
    },
    /// The server's figures hold its helpers' CPU.
    WithHelpers {
        table: String,
    },
    Coarse {
        table: String,
        end: End,
        rows: usize,
        of: usize,
        resolution_s: f64,
    },
    /// An end with AES disabled spends about as much as with AES enabled.
    #[serde(rename = "mask_unseen")]
    AesStateUnseen {
        table: String,
        #[schemars(with = "String")]
        aes: AesEnds,
        end: End,
        /// Of the AES ciphers' costs with AES disabled to those with AES enabled.
        most_ratio: f64,
    },
    /// What is said of an end's AES instructions is not what its figures say.
    LabelContradicted {
        /// The table whose figures are told.
        table: String,
        end: End,
        /// The CPU has, or lacks, them by its label.
        accelerated: bool,
        evidence: String,
        gcm_s_per_gb: f64,
        chacha_s_per_gb: f64,
    },
    /// All ciphers grew faster or slower over the rounds.
    Drift {
        table: String,
        percent: f64,
    },
    /// The trials of these ciphers fall into two groups.
    TwoStates {
        table: String,
        ciphers: usize,
    },
    /// Trials much faster or slower than the rest: clipped in the fit, never dropped.
    Odd {
        table: String,
        #[serde(rename = "trials")]
        samples: usize,
        of: usize,
    },
    Suspended {
        #[serde(rename = "trials")]
        samples: usize,
    },
    Throttled {
        end: End,
        least_mhz: u64,
        most_mhz: u64,
        hottest_c: i64,
    },
    Steal {
        end: End,
        percent: f64,
    },
    OtherLoad {
        end: End,
        cores: f64,
    },
    Swapping {
        end: End,
        #[serde(rename = "trials")]
        samples: usize,
    },
    LittleSpace {
        end: End,
        target: String,
        free_bytes: u64,
    },
    /// The rate is near what a session's window allows on that round trip.
    Window {
        target: String,
        round_trip_ms: f64,
        allowed_mb_per_s: f64,
        fastest_mb_per_s: f64,
    },
}

impl Finding {
    /// One sentence without its full stop.
    pub fn text(&self) -> String {
        match self {
            Finding::Interrupted => {
                "the survey was interrupted; this is what was measured until then".into()
            }
            Finding::CutOff => {
                "the journal has no end: the survey still runs, or it was cut off".into()
            }
            Finding::Lost { detail: Some(detail) } => {
                format!("the far host could no longer be reached: {detail}")
            }
            Finding::Lost { detail: None } => "the far host could no longer be reached".into(),
            Finding::BudgetEnded { rounds, asked } => {
                format!("the budget was spent in round {rounds} of {asked}")
            }
            Finding::Unreached { target, ciphers } => {
                format!("the survey of {target} ended before it came to {}", ciphers.join(", "))
            }
            Finding::Journal { problems, more: 0 } => {
                format!("the journal is damaged: {}", problems.join("; "))
            }
            Finding::Journal { problems, more } => {
                format!("the journal is damaged: {}; and {more} more", problems.join("; "))
            }
            Finding::NothingMeasured => "nothing was measured".into(),
            Finding::SharedMachine => {
                "both ends share one machine, its cores and its memory, unlike two hosts".into()
            }
            Finding::Proxy { target, proxy } => {
                format!(
                    "{target} is reached through {proxy}: the client's CPU includes that tunnel"
                )
            }
            Finding::RekeyLimit { target, limit } => format!(
                "RekeyLimit {limit} is set for {target}: key exchanges fall into the figures"
            ),
            Finding::SingleCipher { table, cipher } => {
                format!("{table}: {cipher} stands alone, nothing is compared")
            }
            Finding::LongSetup { table, setup_s, bulk_s } => format!(
                "{table}: the handshake ({} s) takes longer than the transfer timed ({} s)",
                significant(*setup_s),
                significant(*bulk_s)
            ),
            Finding::ServerMissing { target, reason, samples } => {
                format!("no CPU figure of the server {target} in {}: {reason}", counted(*samples))
            }
            Finding::ServerCheck {
                target,
                source,
                total_s,
                check,
                check_total_s,
                note,
                samples,
            } => {
                format!(
                    "the server CPU of {target} is in doubt in {}: {source} read {} s, {check} {} s{}",
                    counted(*samples),
                    significant(*total_s),
                    significant(*check_total_s),
                    if note.is_empty() { String::new() } else { format!(" ({note})") }
                )
            }
            Finding::WithHelpers { table } => {
                format!("{table}: the server's figures include its helpers (sftp-server, shell)")
            }
            Finding::Coarse { table, end, rows, of, resolution_s } => format!(
                "{table}: {rows} of {of} {end} CPU figures are near the resolution of their clock \
                 ({} ms) and are not ranked",
                significant(resolution_s * 1e3)
            ),
            Finding::AesStateUnseen { table, aes, end, most_ratio } => format!(
                "{table}, {}: disabling AES does not show in the {end}'s figures (no AES cipher \
                 costs it more than {} times what it costs with AES enabled)",
                aes.phrase(),
                significant(*most_ratio)
            ),
            Finding::LabelContradicted {
                table,
                end,
                accelerated,
                evidence,
                gcm_s_per_gb,
                chacha_s_per_gb,
            } => format!(
                "{table}: the figures contradict the {end}'s label, {} AES ({evidence}): AES-GCM costs it \
                 {} CPU-s per GB, ChaCha20-Poly1305 {}",
                if *accelerated { "with" } else { "without" },
                significant(*gcm_s_per_gb),
                significant(*chacha_s_per_gb)
            ),
            Finding::Drift { table, percent } => format!(
                "{table}: all ciphers together were {:.0} % {} in the second half of the rounds",
                percent.abs(),
                if *percent > 0.0 { "faster" } else { "slower" }
            ),
            Finding::TwoStates { table, ciphers } => format!(
                "{table}: the trials of {ciphers} cipher(s) fall into two groups of rates, with \
                 nothing between"
            ),
            Finding::Odd { table, samples, of } => format!(
                "{table}: {samples} of {of} trials were more than 10 % off the rest; they are kept \
                 and count less"
            ),
            Finding::Suspended { samples } => {
                format!(
                    "this machine slept during {}, left out of the tables' ratios",
                    counted(*samples)
                )
            }
            Finding::Throttled { end, least_mhz, most_mhz, hottest_c } => format!(
                "the {end}'s CPU throttled: {least_mhz} to {most_mhz} MHz, up to {hottest_c} °C"
            ),
            Finding::Steal { end, percent } => format!(
                "the {end}'s virtual machine was kept waiting: {percent:.0} % of its CPU time was \
                 stolen by others"
            ),
            Finding::OtherLoad { end, cores } => format!(
                "the {end}'s host was busy with other work besides: {} cores",
                significant(*cores)
            ),
            Finding::Swapping { end, samples } => {
                format!("the {end}'s host swapped during {}", counted(*samples))
            }
            Finding::LittleSpace { end, target, free_bytes } => format!(
                "the {end}'s disk has only {} free ({target})",
                crate::model::units::size(*free_bytes)
            ),
            Finding::Window { target, round_trip_ms, allowed_mb_per_s, fastest_mb_per_s } => {
                format!(
                    "{target}: {} MB/s is near the {} MB/s that a session's window of 2 MiB allows \
                     on a round trip of {} ms",
                    significant(*fastest_mb_per_s),
                    significant(*allowed_mb_per_s),
                    significant(*round_trip_ms)
                )
            }
        }
    }

    /// What to do about it, without its full stop.
    pub fn remedy(&self) -> &'static str {
        match self {
            Finding::Interrupted | Finding::CutOff => {
                "run it again for the rest, or --rounds fewer"
            }
            Finding::Lost { .. } => {
                "see that the host is up and the link steady, then run it again"
            }
            Finding::BudgetEnded { .. } | Finding::Unreached { .. } => {
                "give a larger --budget, or fewer --ciphers"
            }
            Finding::Journal { .. } => "the other lines are in the tables; restore it from a copy",
            Finding::NothingMeasured => "see the failures and their remedies",
            Finding::SharedMachine => {
                "compare ciphers here, but take rates from a survey of the real host"
            }
            Finding::Proxy { .. } => "compare costs with each other only, or survey without it",
            Finding::RekeyLimit { .. } => "unset it in ssh_config, or mind it on long transfers",
            Finding::SingleCipher { .. } => "name more with --ciphers, or leave the option out",
            Finding::LongSetup { .. } => "use a larger FILE, or --full",
            Finding::ServerMissing { .. } => {
                "rates hold; an account with a shell, on a host with /proc, shows the costs"
            }
            Finding::ServerCheck { .. } => {
                "survey while nobody else uses the host, or trust the rates only"
            }
            Finding::WithHelpers { .. } => "--method pipe has next to none",
            Finding::Coarse { .. } => "use a larger FILE, --full or more --rounds",
            Finding::AesStateUnseen { .. } => {
                "read that section as AES enabled: the program may not know the variable"
            }
            Finding::LabelContradicted { .. } => {
                "trust the figures: the SSH program may be emulated, or built without these \
                 instructions"
            }
            Finding::Drift { .. } => "ratios hold, rates are of that weather; survey again later",
            Finding::TwoStates { .. } => "give it more --budget, so that both fall on all alike",
            Finding::Odd { .. } => "more --budget, or a quieter time, narrows the intervals",
            Finding::Suspended { .. } => "keep the machine awake while it surveys",
            Finding::Throttled { .. } => "cool it, or take the figures for those of a hot host",
            Finding::Steal { .. } => "survey at a quieter time, or on a host of its own",
            Finding::OtherLoad { .. } => "survey while the host is idle",
            Finding::Swapping { .. } => "free memory there before surveying",
            Finding::LittleSpace { .. } => "a nearly full disk writes slowly: make room",
            Finding::Window { .. } => {
                "the cipher is not the limit there: several transfers at once get more"
            }
        }
    }
}

fn counted(samples: usize) -> String {
    match samples {
        1 => "1 trial".into(),
        n => format!("{n} trials"),
    }
}
