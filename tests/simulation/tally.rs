//! How often the surveys of a world were right.

use cipher_survey::analysis::rows::compare::Ratio;
use cipher_survey::analysis::rows::table::Section;
use cipher_survey::model::Cipher;
use cipher_survey::model::record::StopReason;
use cipher_survey::stats::race::Label;

use crate::host::index;
use crate::naive::calls_one_slower;
use crate::survey::Done;
use crate::worlds::World;

#[derive(Default)]
pub struct Tally {
    pub surveys: usize,
    walls_s: Vec<f64>,
    rounds: Vec<f64>,
    pub decided: usize,
    /// Decided and the leader within the precision of the best; or undecided and that, or the
    /// bound that was named holds.
    pub right: usize,
    /// Intervals of ratios to the leader, and those that hold the truth.
    pub ratios: Share,
    /// The same of MB/s, in the survey's own conditions.
    pub rates: Share,
    /// The same of the costs' ratios.
    pub costs: Share,
    /// A cipher that is as fast as the leader was called slower.
    pub false_slower: usize,
    /// A cipher that is slower than the best by the precision or more was put above it: it leads
    /// and that was decided, or it leads and the best was called slower.
    pub wrong: usize,
    /// Any cipher called slower by a t test after each round.
    pub naive: usize,
}

#[derive(Clone, Copy, Default)]
pub struct Share {
    pub hits: usize,
    pub of: usize,
}

impl Share {
    fn add(&mut self, hit: bool) {
        self.hits += usize::from(hit);
        self.of += 1;
    }

    pub fn percent(self) -> f64 {
        100.0 * self.hits as f64 / self.of.max(1) as f64
    }
}

/// What holds of a survey: of each of its sections, or of any.
#[derive(Default)]
struct Verdicts {
    decided: bool,
    right: bool,
    wrong: bool,
    false_slower: bool,
}

fn holds(times: Ratio, truth: f64) -> bool {
    times.low <= truth && truth <= times.high
}

impl Tally {
    pub fn add(&mut self, world: &World, done: &Done) {
        self.surveys += 1;
        self.walls_s.push(done.wall_s);
        self.rounds.push(f64::from(done.summary.rounds));
        let mut of = Verdicts { decided: true, right: true, ..Verdicts::default() };
        for (pairing, section) in done.sections().iter().enumerate() {
            self.add_section(world, done, pairing, section, &mut of);
        }
        self.decided += usize::from(of.decided);
        self.right += usize::from(of.right);
        self.wrong += usize::from(of.wrong);
        self.false_slower += usize::from(of.false_slower);
        self.naive += usize::from(calls_one_slower(&done.samples));
    }

    fn add_section(
        &mut self,
        world: &World,
        done: &Done,
        pairing: usize,
        section: &Section,
        of: &mut Verdicts,
    ) {
        let conclusion = section.conclusion.as_ref().expect("something was measured");
        let truth = |cipher: &Cipher| world.rates[pairing][index(cipher)];
        let fastest = &conclusion.fastest;
        let leader = truth(&fastest.leader.cipher);
        let stopped_decided = done.reason == StopReason::Decided;
        assert!(!stopped_decided || fastest.decided, "the journal decides otherwise");
        of.decided &= fastest.decided;
        // Equal to rounding.
        let ahead = (world.best(pairing) / leader).ln();
        let within = ahead <= world.precision + 1e-9;
        let bound = fastest.bound_percent.map(|percent| (percent / 100.0).ln_1p());
        let bound_holds = !fastest.decided && bound.is_some_and(|bound| ahead <= bound);
        of.right &= within || bound_holds;
        let best_is_slower = section.rows.iter().any(|row| {
            let is_best = truth(&row.cipher) >= world.best(pairing) * (1.0 - 1e-9);
            is_best && row.speed.is_some_and(|speed| speed.label == Label::Slower)
        });
        of.wrong |= (fastest.decided || best_is_slower) && ahead >= world.precision - 1e-9;
        for row in &section.rows {
            let own = truth(&row.cipher);
            let Some(speed) = row.speed else { continue };
            of.false_slower |= speed.label == Label::Slower && own >= leader * (1.0 - 1e-9);
            if let Some(times) = speed.times_leader {
                self.ratios.add(holds(times, own / leader));
            }
            if let Some(half) = speed.half_percent {
                let true_mb = own * done.conditions[pairing].exp();
                let shown = row.rate_mb_per_s.unwrap();
                self.rates.add((shown / true_mb).ln().abs() <= (half / 100.0).ln_1p());
            }
            let cheapest = conclusion.cheapest.as_ref().map(|cheapest| &cheapest.leader.cipher);
            if let (Some(times), Some(cheapest)) =
                (row.cost.and_then(|cost| cost.times_leader), cheapest)
            {
                self.costs.add(holds(times, truth(cheapest) / own));
            }
        }
    }

    pub fn percent(&self, many: usize) -> f64 {
        100.0 * many as f64 / self.surveys.max(1) as f64
    }

    pub fn line(&self, world: &World) -> String {
        format!(
            "| {} | {} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | \
             {:.0} |\n",
            world.name,
            world.about,
            middle(&self.walls_s),
            middle(&self.rounds),
            self.percent(self.decided),
            self.percent(self.right),
            self.percent(self.wrong),
            self.percent(self.false_slower),
            self.ratios.percent(),
            self.rates.percent(),
            self.costs.percent(),
            self.percent(self.naive),
        )
    }
}

fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

pub fn heading(surveys: u64) -> String {
    format!(
        "# Simulated surveys\n\n\
         {surveys} surveys of each world, seeds from 0, uploads, through the real rounds, stopping rule, feed time \
         and analysis. Ten ciphers, a precision of 3 % and 60 s of transfers, unless the world says otherwise. A \
         round is a generation: a fresh connection per cipher, with a level and a cost of its own, fed in shuffled \
         slices that vary, drift, throttle and have a fixed cost as on real hosts. Made by \
         `cargo test --locked --test simulation -- --surveys {surveys} --report \
         results/validation/simulation.md`; the worlds are in `tests/simulation/worlds.rs`.\n\n\
         wall, rounds: medians. right: the leader is within the precision of the best, or the \
         survey ended undecided and the bound it names holds. wrong: a cipher that is slower than \
         the best by the precision or more leads, and that is decided or the best is called \
         slower. false slower: a cipher as fast as the \
         leader was called slower; naive: the same by a t test after each round. The rest: how \
         many of the 95 % intervals hold the truth, pointwise, of the ratios to the leader, of the \
         rates in the survey's own conditions, and of the ratios of costs.\n\n\
         | world | what | wall s | rounds | decided % | right % | wrong % | false slower % | \
         ratios % | rates % | costs % | naive % |\n\
         | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n"
    )
}
