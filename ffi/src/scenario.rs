//! Scenarios of containers: services under load in virtual time, and what came
//! of it.

use alloc::string::String;
use core::ffi::c_char;

use warmstow_core::sim::containers::{Minute, Scenario, Totals, simulate};

use crate::boundary::{self, Caller, Count};
use crate::failure::Failure;
use crate::status::warmstow_status as S;
use crate::table::Table;

/// The most scenarios that are open at a time.
pub const WARMSTOW_MAX_SCENARIOS: u32 = 65_536;

/// A scenario that was played. From warmstow_scenario_play() until
/// warmstow_scenario_close(). All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_scenario {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// Sums over the whole time and all services.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct warmstow_scenario_totals {
    /// Requests asked for.
    pub requests: f64,
    /// Of these, requests that no running task could serve.
    pub lost: f64,
    /// Hours of running tasks.
    pub task_hours: f64,
    /// What the instances cost, US dollars; not a number where their type has no
    /// price for Spot.
    pub instances_usd: f64,
    /// Tasks that were placed.
    pub tasks_started: u64,
    /// Tasks that ended by their own fault.
    pub tasks_failed: u64,
    /// Tasks that ended with their instance.
    pub tasks_lost: u64,
    /// Instances that were launched.
    pub instances_launched: u64,
    /// Spot interruptions.
    pub interruptions: u64,
    /// Steps of the scaler that were taken.
    pub scaled: u64,
    /// The most tasks that ran at a time.
    pub peak_running: u64,
    /// What the scenario expected and did not come; the sentences are in
    /// warmstow_scenario_report().
    pub unmet: u64,
    /// How many minutes there are for warmstow_scenario_minutes().
    pub minutes: u64,
}

/// The state at the end of a minute, of all services together.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct warmstow_scenario_minute {
    /// Its end, seconds from the start.
    pub at_s: f64,
    /// Requests per second asked for.
    pub load_per_s: f64,
    /// Requests per second that the running tasks can serve.
    pub capacity_per_s: f64,
    /// Requests asked for within the minute.
    pub requests: f64,
    /// Of these, requests that no running task could serve.
    pub lost: f64,
    /// CPU that the running tasks use of what they have, percent.
    pub cpu_percent: f64,
    /// And memory.
    pub memory_percent: f64,
    /// CapacityProviderReservation, percent.
    pub reservation_percent: f64,
    /// What the instances have cost until then, US dollars; not a number where
    /// their type has no price for Spot.
    pub instances_usd: f64,
    /// Tasks desired.
    pub desired: u32,
    /// Tasks that run.
    pub running: u32,
    /// Tasks on their way.
    pub pending: u32,
    /// Of these, tasks that wait for room on an instance.
    pub waiting: u32,
    /// Instances that take tasks.
    pub instances: u32,
    /// Instances on their way.
    pub booting: u32,
}

impl From<&Minute> for warmstow_scenario_minute {
    fn from(of: &Minute) -> Self {
        let all = &of.all;
        Self {
            at_s: of.at_s,
            load_per_s: all.load_per_s,
            capacity_per_s: all.capacity_per_s,
            requests: all.requests,
            lost: all.unserved,
            cpu_percent: all.cpu_percent,
            memory_percent: all.memory_percent,
            reservation_percent: of.reservation,
            instances_usd: of.instances_usd.unwrap_or(f64::NAN),
            desired: all.desired,
            running: all.running,
            pending: all.pending,
            waiting: all.waiting,
            instances: of.instances,
            booting: of.booting,
        }
    }
}

/// What came of one.
struct Played {
    totals: warmstow_scenario_totals,
    minutes: Vec<warmstow_scenario_minute>,
    report: String,
}

static TABLE: Table<Played> = Table::new("scenario", S::WARMSTOW_ERROR_SCENARIO_STALE);

fn refused(error: impl core::fmt::Display) -> Failure {
    boundary::written(S::WARMSTOW_ERROR_SCENARIO_CONFIG, error)
}

fn play(text: &str, seed: Option<u64>) -> Result<Played, Failure> {
    let scenario = Scenario::from_text(text, seed).map_err(refused)?;
    let report = simulate(&scenario).map_err(refused)?;
    let Totals { all: of, instances_launched, interruptions } = report.totals;
    let totals = warmstow_scenario_totals {
        requests: of.requests,
        lost: of.unserved,
        task_hours: of.task_hours,
        instances_usd: report.bill.instances_usd.unwrap_or(f64::NAN),
        tasks_started: of.tasks_started,
        tasks_failed: of.tasks_failed,
        tasks_lost: of.tasks_lost,
        instances_launched,
        interruptions,
        scaled: of.scaled,
        peak_running: of.peak_running.into(),
        unmet: report.unmet.len() as u64,
        minutes: report.minutes.len() as u64,
    };
    let minutes = report.minutes.iter().map(warmstow_scenario_minute::from).collect();
    Ok(Played { totals, minutes, report: report.to_json(&scenario) })
}

/// Plays a scenario to its end in virtual time: deployments, autoscaling,
/// placement, instances and the bill, as `warmstow simulate` does. What
/// can be in it: the documentation of the crate warmstow-core, module
/// `sim::containers`.
///
/// scenario: length bytes of UTF-8, TOML or JSON; no NUL needed. seed replaces
/// the scenario's own; NULL: that one. The same scenario and seed give the same
/// figures on every machine. The host owns *played until
/// warmstow_scenario_close().
///
/// Errors: NULL, MISALIGNED, LENGTH, TEXT, SCENARIOS_FULL, SCENARIO_CONFIG: the
/// line, the key and what is wrong there are warmstow_last_error(); then *played
/// is untouched. Any thread; allocates; a week with some hundred tasks takes some
/// tenths of a second.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_scenario_play(
    scenario: *const c_char,
    length: usize,
    seed: *const u64,
    played: *mut warmstow_scenario,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let out = caller.out(played, "played")?;
        let text = caller.long_text(scenario, length, "scenario")?;
        let seeds = Count { given: usize::from(!seed.is_null()), name: "seed" };
        let seed = caller.copy::<u64>(seed, seeds, "seed")?.first().copied();
        let played = play(&text, seed)?;
        let full = S::WARMSTOW_ERROR_SCENARIOS_FULL;
        out.set(warmstow_scenario { bits: TABLE.open(played, WARMSTOW_MAX_SCENARIOS, full)? });
        Ok(())
    })
}

/// Gives what a scenario came to back to the library. Its handle is stale from
/// now on.
///
/// Errors: SCENARIO_STALE, also when closed twice. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_scenario_close(played: warmstow_scenario) -> i32 {
    boundary::call(|| TABLE.close(played.bits))
}

/// The sums over the whole time.
///
/// struct_size: sizeof(warmstow_scenario_totals), as the program was compiled.
/// Errors: SCENARIO_STALE, NULL, MISALIGNED, STRUCT_SIZE; then *totals is
/// untouched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_scenario_totals_read(
    played: warmstow_scenario,
    totals: *mut warmstow_scenario_totals,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(played.bits, |played| {
        caller.out_sized(totals, struct_size, "totals")?.set(played.totals);
        Ok(())
    })
}

/// The minutes from the one numbered `first` (0 is the first) on, as many as
/// there are and as `capacity` (1 or more) has room for; *count is how many that
/// were, 0 past the end.
///
/// struct_size: sizeof(warmstow_scenario_minute), as the program was compiled.
/// Errors: SCENARIO_STALE, NULL, MISALIGNED, LENGTH, STRUCT_SIZE; then minutes
/// and *count are untouched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_scenario_minutes_read(
    played: warmstow_scenario,
    first: usize,
    minutes: *mut warmstow_scenario_minute,
    capacity: usize,
    struct_size: usize,
    count: *mut usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(played.bits, |played| {
        let out = caller.out(count, "count")?;
        // Its size is checked before anything is written there.
        caller.out_sized(minutes, struct_size, "minutes").map(drop)?;
        let capacity = Count { given: capacity, name: "capacity" };
        let mut room = caller.buffer(minutes, capacity, "minutes")?;
        let rest = played.minutes.get(first..).unwrap_or_default();
        rest.iter().take(room.capacity()).for_each(|minute| room.push(*minute));
        out.set(room.count());
        Ok(())
    })
}

/// The whole report as one JSON object, with events, deployments, what launch
/// types would have cost, zones, and the totals and minutes of each service: into
/// capacity bytes with its NUL; a longer one is cut there, at a character. *needed
/// is what all of it takes.
///
/// Errors: SCENARIO_STALE, NULL, MISALIGNED, LENGTH; then report and *needed are
/// untouched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_scenario_report(
    played: warmstow_scenario,
    report: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(played.bits, |played| {
        caller.write_text(&played.report, report, capacity, needed, "report")
    })
}
