//! How the lock-free pieces work together: what each word holds, what pairs
//! with what, and what is promised of the whole. Documentation only.
//!
//! Each lock-free file opens with its own protocol. This page is the map, and
//! holds the arguments that span two files.
//!
//! # The words
//!
//! | word | file | fields | written by |
//! |---|---|---|---|
//! | account | `concurrency/account.rs` | in use 32, limit 32 | admissions, completions; limit: control |
//! | gate | `concurrency/gate.rs` | in use 32, reserved 32 (all ones: none) | as above |
//! | bucket | `concurrency/rate.rs` | the time at which it is full | takes |
//! | provisioned, successor, alias | `function/routes.rs` | where a version's requests go | control |
//! | parking | `concurrency/parking.rs` | epoch 30, state 2, opened chunks 32 | refusals, completions that open a leaf; control |
//! | leaf | `pool/leaf.rs` | insertions 40, open 1, permits 7, members 16 | members: whoever owns the index; permits: anyone |
//! | hint | `pool/claim_set.rs` | one bit a leaf | anyone; advisory |
//! | slot | `pool/slot.rs` | generation 28, state 3, collected 11, place 22 | see its state machine |
//! | seat | `pool/seat.rs` | sequence 63, held 1 | the holder |
//! | last use | `pool/instances.rs` | nanoseconds | a holder of a seat |
//! | free | `placement/word.rs` | CPU units 24, MiB 24, instances 16 | reservations |
//! | published | `placement/capacity.rs` | releases 40, nodes 24 | registrations, releases |
//! | index bit | `placement/index.rs` | one a cell and block, tops, rows, columns | anyone; advisory |
//!
//! No invariant spans two words in the sense that both must change at once.
//! Where two words belong together, one of them is *owned* while the other
//! changes:
//!
//! * **seat and leaf**: the index's bit is out of the leaf while the seat word
//!   changes hands.
//! * **last use and leaf**: written by the holder of a seat before the
//!   insertion of its index (Release); read by whoever claimed it (Acquire).
//!   A reaper judges it while it holds every seat of the instance.
//! * **slot and leaf**: a seat in hand pins the slot's generation, because the
//!   generation changes only after every seat is collected.
//! * **gate and account**: a function without a reservation takes the account's
//!   unit first and the gate's second, and gives back in reverse; the protocol
//!   of a switch is in `concurrency/gate.rs`.
//! * **leaf and gate**: a parked permit is counted by its function's gate, and
//!   by the account where it is a unit of that; neither is written when it is
//!   parked or taken. Who takes one for another function hands it over, gate to
//!   gate (`function/admit.rs`).
//! * **leaf and parking**: a leaf is opened only by who read it first and then
//!   found both words above it open; who closes one changes each opened leaf.
//! * **slot and node**: room is reserved before the slot starts and released
//!   after it has stopped; in between the slot's `place` remembers the node.
//!
//! # The path of an invocation, and what can be seen from outside
//!
//! Usually `invoke` takes a seat and the permit parked with it in one step on
//! one leaf. Else it takes a unit (gate, or a permit parked elsewhere), then a
//! seat or a vacancy (pool), then room (fleet); each step is one linearizable
//! operation. A refusal after the first
//! step gives the unit back, so for the length of that call the unit is held by
//! a request that does not run. A concurrent request can be throttled by it.
//! This is the bound on early refusal: at most one unit for each invocation
//! that is being refused for want of an instance or of room at that moment.
//! With room on the fleet, and at least as many instances as the limit, there
//! is none.
//!
//! Rates come first and last: a request's token is taken before anything else,
//! and a start's after everything else, so that no token is ever given back
//! (which a bucket that was full meanwhile would make one too many). Room that a
//! start gives back because another took the last token was short for others
//! meanwhile.
//!
//! `complete` gives the seat back with the unit or before it. So a request that
//! is admitted by that unit finds the seat.
//!
//! A change that lowers a limit takes back what is parked of it: until that
//! call returns, these units may be on the way to their counter, and a request
//! can be throttled that would have found one.
//!
//! # "None idle" and "none vacant" at once
//!
//! A request with a unit in hand that finds neither a free seat nor a vacant
//! slot is refused with the instance limit. The two sets are not one word.
//! `Pool::claim_or_begin` proves the pair: it remembers the idle set's count of
//! insertions at the instant it was empty, sees the vacant set empty, and then
//! finds the count unchanged. Nothing was inserted in between, so the idle set
//! was still empty at the instant when the vacant set was.
//!
//! # Why no SeqCst
//!
//! Three places look like Dekker's pattern (each side writes its own word and
//! reads the other's): a release against a drain, a claim against a proof of
//! emptiness, and the opening of a leaf against the closing of a limit above it.
//! In each, the two sides do a read-modify-write on one common leaf word, and
//! the modification order of that word decides who saw whom. Who closes an
//! account's word also reads each function's word by a read-modify-write, for a
//! chunk that is opened at that moment.
//! `AcqRel` on it is enough, and loom, which treats `SeqCst` accesses as
//! `AcqRel`, explores exactly what is promised.
//!
//! # Bounds
//!
//! | what | bound | at |
//! |---|---|---|
//! | stale lease taken for a live one | 2^39 requests on one seat | a million a second: 6 days |
//! | stale instance taken for a live one | never: a slot retires after 2^28 - 1 instances | one a second: 8 years |
//! | false proof of emptiness | 2^40 insertions in one leaf during one proof, and equal sums | ten million a second: a thread that sleeps 30 hours |
//! | leaf opened behind the back of who closed | 2^40 insertions in it between a look and a compare-exchange | as above |
//! | false refusal, or opened chunks forgotten | the limit reopened or held a multiple of 2^30 times during one call, to the instant | a million a second: 18 minutes |
//! | false refusal of room | 2^40 releases during one scan | one a microsecond: 12 days |
//! | warm instance missed by a claim | one for each thread in a reap, or in a drain that its slot has overtaken | |
//! | drained instance reported late | by the next `reap`, where a claim met a seat on its way out | |
//!
//! # Lock-freedom
//!
//! Every loop in the data plane retries only when another thread changed the
//! word in between, so some thread always finishes. No thread ever waits for a
//! named other one: an index, a seat, a unit or room that a stopped thread
//! holds is simply not there for the others. (On targets where
//! `portable-atomic` falls back on critical sections this does not hold.)
