//! Each call with its faults, and what the model allows it to answer.

use core::ffi::CStr;

use warmstow::*;

use super::hostile::{Place, Scratch, name, number, size, status as S, struct_size};
use super::{Action, MOST_OPEN, MOST_REGIONS, Model, Request, World, judge};

/// `warmstow_complete` or `warmstow_fail`.
type End =
    unsafe extern "C" fn(warmstow_region, u64, warmstow_lease, *mut warmstow_instance) -> i32;

impl World {
    pub(super) fn invoke(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let bits = self.one_word(|model| &model.functions, action.handle, action.value);
        if at.is_none_or(|at| !self.regions[at].functions.contains(&bits)) {
            faults.push(S::WARMSTOW_ERROR_FUNCTION_STALE);
        }
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        // Any lane will do.
        let lane = u32::from(action.value);
        // SAFETY: null, or a place for the result.
        let status = unsafe {
            warmstow_invoke_in(region, self.now_ns, warmstow_function { bits }, lane, out)
        };
        let refusals = [
            S::WARMSTOW_ERROR_THROTTLED,
            S::WARMSTOW_ERROR_INSTANCE_LIMIT,
            S::WARMSTOW_ERROR_NO_CAPACITY,
        ];
        let allowed: Vec<_> = refusals.into_iter().chain([S::WARMSTOW_OK]).collect();
        let done = judge(status, &faults, &allowed);
        if !faults.is_empty() {
            assert!(self.scratch.is_untouched(0), "written by a call that failed");
            return;
        }
        let answer: warmstow_invocation = self.scratch.read(0);
        if !done {
            assert_eq!((answer.lease.bits, answer.instance.bits), ([0; 2], [0; 2]));
            assert_ne!(answer.refusal, 0);
            return;
        }
        let model = &mut self.regions[at.expect("open")];
        let (lease, instance) = (answer.lease.bits, answer.instance.bits);
        let warm = answer.start == 0;
        assert!(!model.requests.iter().any(|held| held.lease == lease), "a lease given twice");
        assert_eq!(model.live.contains(&instance), warm, "an instance that starts is a new one");
        assert!(!model.told.contains(&instance), "an instance that was told to stop");
        if !warm {
            model.live.push(instance);
        }
        model.requests.push(Request { lease, instance, started: warm });
        model.admitted += 1;
        self.leases.push(lease);
        self.instances.push(instance);
    }

    /// The bits of a lease, and its request where it is live.
    fn lease(&self, at: Option<usize>, action: Action) -> (warmstow_lease, Option<usize>) {
        let bits = Self::two_words(&self.leases, action.handle, action.value);
        let requests = at.map_or(&[][..], |at| &self.regions[at].requests);
        (warmstow_lease { bits }, requests.iter().position(|held| held.lease == bits))
    }

    pub(super) fn started(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let (lease, held) = self.lease(at, action);
        if held.is_none() {
            faults.push(S::WARMSTOW_ERROR_LEASE_STALE);
        }
        let status = warmstow_started(region, self.now_ns, lease);
        let (Some(at), Some(held)) = (at, held) else {
            judge(status, &faults, &[]);
            return;
        };
        let request = &mut self.regions[at].requests[held];
        // Another report of an instance that drains is no error; and where an
        // instance has several requests, any of them may have reported it.
        judge(status, &faults, &[S::WARMSTOW_OK, S::WARMSTOW_ERROR_ALREADY_STARTED]);
        request.started = true;
    }

    pub(super) fn end(&mut self, action: Action, end: End, needs_start: bool) {
        let (region, at, mut faults) = self.of_region(action.region);
        let (lease, held) = self.lease(at, action);
        if held.is_none() {
            faults.push(S::WARMSTOW_ERROR_LEASE_STALE);
        }
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        let early = match (at, held) {
            (Some(at), Some(held)) => needs_start && !self.regions[at].requests[held].started,
            _ => false,
        };
        let allowed: &[S] = if early {
            &[S::WARMSTOW_ERROR_NOT_STARTED, S::WARMSTOW_OK]
        } else {
            &[S::WARMSTOW_OK]
        };
        // SAFETY: null, or a place for the result.
        let status = unsafe { end(region, self.now_ns, lease, out) };
        if judge(status, &faults, allowed) {
            let stop: warmstow_instance = self.scratch.read(0);
            let model = &mut self.regions[at.expect("open")];
            model.requests.swap_remove(held.expect("live"));
            model.ended += 1;
            model.tell(stop.bits);
        } else {
            assert!(self.scratch.is_untouched(0), "written by a call that failed");
        }
    }

    /// The bits of an instance, and how its model knows it: in service, told to
    /// stop, or not at all.
    fn instance(&self, at: Option<usize>, action: Action) -> (warmstow_instance, bool, bool) {
        let bits = Self::two_words(&self.instances, action.handle, action.value);
        let told = at.is_some_and(|at| self.regions[at].told.contains(&bits));
        let live = at.is_some_and(|at| self.regions[at].live.contains(&bits));
        (warmstow_instance { bits }, live && !told, told)
    }

    pub(super) fn drain(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let (instance, in_service, _) = self.instance(at, action);
        if !in_service {
            faults.push(S::WARMSTOW_ERROR_INSTANCE_STALE);
        }
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        // SAFETY: null, or a place for the result.
        let status = unsafe { warmstow_drain(region, self.now_ns, instance, out) };
        if judge(status, &faults, &[S::WARMSTOW_OK]) {
            let stop: warmstow_instance = self.scratch.read(0);
            self.regions[at.expect("open")].tell(stop.bits);
        }
    }

    pub(super) fn reap(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let bits = self.one_word(|model| &model.functions, action.handle, 0);
        if at.is_none_or(|at| !self.regions[at].functions.contains(&bits)) {
            faults.push(S::WARMSTOW_ERROR_FUNCTION_STALE);
        }
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        let count = self.scratch.place(1, Place::of(action.place >> 4), &mut faults);
        let room = Scratch::room::<warmstow_instance>();
        let capacity = match action.value {
            0..16 => 0,
            16..24 => usize::MAX,
            24..32 => isize::MAX.unsigned_abs(),
            value => 1 + usize::from(value) % room,
        };
        if capacity == 0 || capacity > room {
            faults.push(S::WARMSTOW_ERROR_LENGTH);
        }
        // SAFETY: null, or a place for so many; more than there is room for is
        // more than the address space has, and refused.
        let status = unsafe {
            warmstow_reap(region, self.now_ns, warmstow_function { bits }, out, capacity, count)
        };
        if judge(status, &faults, &[S::WARMSTOW_OK]) {
            let count: usize = self.scratch.read(1);
            assert!(count <= capacity);
            for stop in self.scratch.read_all::<warmstow_instance>(0, count) {
                assert_ne!(stop.bits, [0; 2], "a reap names instances");
                self.regions[at.expect("open")].tell(stop.bits);
            }
        }
    }

    pub(super) fn reap_instance(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let (instance, in_service, told) = self.instance(at, action);
        // One that was told to stop is not stale until it has; it is not told
        // again, which `tell` holds.
        if !in_service && !told {
            faults.push(S::WARMSTOW_ERROR_INSTANCE_STALE);
        }
        let answer = self.scratch.place(0, Place::of(action.place), &mut faults);
        let until = self.scratch.place(1, Place::of(action.place >> 4), &mut faults);
        // SAFETY: null, or places for the results.
        let status =
            unsafe { warmstow_reap_instance(region, self.now_ns, instance, answer, until) };
        if judge(status, &faults, &[S::WARMSTOW_OK]) {
            let answer: u32 = self.scratch.read(0);
            if answer == warmstow_reaped::WARMSTOW_REAPED_STOP as u32 {
                self.regions[at.expect("open")].tell(instance.bits);
            }
        }
    }

    pub(super) fn stopped(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let (instance, in_service, told) = self.instance(at, action);
        if in_service {
            faults.push(S::WARMSTOW_ERROR_NOT_STOPPING);
        } else if !told {
            faults.push(S::WARMSTOW_ERROR_INSTANCE_STALE);
        }
        let status = warmstow_stopped(region, self.now_ns, instance);
        if judge(status, &faults, &[S::WARMSTOW_OK]) {
            let model = &mut self.regions[at.expect("open")];
            model.told.retain(|known| *known != instance.bits);
            model.live.retain(|known| *known != instance.bits);
        }
    }

    pub(super) fn instance_node(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let (instance, in_service, told) = self.instance(at, action);
        if !in_service && !told {
            faults.push(S::WARMSTOW_ERROR_INSTANCE_STALE);
        }
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        // SAFETY: null, or a place for the result.
        let status = unsafe { warmstow_instance_node(region, instance, out) };
        if judge(status, &faults, &[S::WARMSTOW_OK]) {
            let node: warmstow_node = self.scratch.read(0);
            let nodes = &self.regions[at.expect("open")].nodes;
            assert!(node.bits == 0 || nodes.contains(&node.bits), "on a node of its region");
        }
    }

    pub(super) fn counters(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let bits = self.one_word(|model| &model.functions, action.handle, action.value);
        if at.is_none_or(|at| !self.regions[at].functions.contains(&bits)) {
            faults.push(S::WARMSTOW_ERROR_FUNCTION_STALE);
        }
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        let size = size::<warmstow_counters>(action.value, &mut faults);
        // SAFETY: null, or a place for the result.
        let status =
            unsafe { warmstow_counters_read(region, warmstow_function { bits }, out, size) };
        if judge(status, &faults, &[S::WARMSTOW_OK]) {
            let counters: warmstow_counters = self.scratch.read(0);
            let served = counters.warm_starts + counters.cold_starts;
            let ended = counters.completions + counters.failures;
            assert_eq!(served, ended + counters.in_flight, "{counters:?}");
        } else {
            assert!(self.scratch.is_untouched(0), "written by a call that failed");
        }
    }

    pub(super) fn views(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        if action.handle.is_multiple_of(2) {
            let out = self.scratch.place(0, Place::of(action.place), &mut faults);
            let size = size::<warmstow_region_view>(action.value, &mut faults);
            // SAFETY: null, or a place for the result.
            let status = unsafe { warmstow_region_view_read(region, out, size) };
            judge(status, &faults, &[S::WARMSTOW_OK]);
            return;
        }
        let bits = self.one_word(|model| &model.nodes, action.handle, action.value);
        if at.is_none_or(|at| !self.regions[at].nodes.contains(&bits)) {
            faults.push(S::WARMSTOW_ERROR_NODE_STALE);
        }
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        let size = size::<warmstow_node_view>(action.value, &mut faults);
        // SAFETY: null, or a place for the result.
        let status = unsafe { warmstow_node_view_read(region, warmstow_node { bits }, out, size) };
        if judge(status, &faults, &[S::WARMSTOW_OK]) {
            let view: warmstow_node_view = self.scratch.read(0);
            assert!(view.free_cpu_units <= view.cpu_units);
            assert!(view.free_memory_mib <= view.memory_mib);
        }
    }

    pub(super) fn node_add(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let spec = warmstow_node_spec {
            struct_size: struct_size::<warmstow_node_spec>(action.handle, &mut faults),
            cpu_units: number(action.value),
            memory_mib: number(action.handle),
            zone: number(action.place),
        };
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        // SAFETY: a spec, and null or a place for the result.
        let status = unsafe { warmstow_node_add(region, &raw const spec, out) };
        let allowed = [S::WARMSTOW_OK, S::WARMSTOW_ERROR_NODE_SPEC, S::WARMSTOW_ERROR_NODES_FULL];
        any_of(&mut faults, &allowed);
        if judge(status, &faults, &allowed) {
            let node: warmstow_node = self.scratch.read(0);
            self.regions[at.expect("open")].nodes.push(node.bits);
        }
    }

    pub(super) fn function_add(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let mut buffer = [0; 320];
        let name = name(action.handle, &mut buffer, &mut faults);
        // Small pools, or numbers that are refused before anything is made.
        let spec = warmstow_function_spec {
            struct_size: size_of::<warmstow_function_spec>() as u32,
            memory_mib: number(action.value).max(1),
            cpu_units: 1,
            max_instances: [1, 2, 5, 0, u32::MAX][usize::from(action.value) % 5],
            instance_concurrency: [1, 1, 2, 1_601][usize::from(action.place >> 4) % 4],
            reserved_concurrency: [WARMSTOW_UNRESERVED, 0, 1][usize::from(action.value) % 3],
            pick: [0, 1, 2, 0, 0, 3][usize::from(action.place >> 4) % 6],
            reserved_field: u32::from(action.value == 77),
            keep_alive_ns: u64::from(action.value),
        };
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        // SAFETY: a text, a spec, and null or a place for the result.
        let status = unsafe { warmstow_function_add(region, name, &raw const spec, out) };
        let allowed = [
            S::WARMSTOW_OK,
            S::WARMSTOW_ERROR_ENUM,
            S::WARMSTOW_ERROR_NOT_ZERO,
            S::WARMSTOW_ERROR_NAME_TAKEN,
            S::WARMSTOW_ERROR_FUNCTION_SPEC,
            S::WARMSTOW_ERROR_FUNCTION_TOO_LARGE,
            S::WARMSTOW_ERROR_FUNCTIONS_FULL,
            S::WARMSTOW_ERROR_RESERVED,
        ];
        any_of(&mut faults, &allowed);
        if judge(status, &faults, &allowed) {
            let function: warmstow_function = self.scratch.read(0);
            self.regions[at.expect("open")].functions.push(function.bits);
        } else {
            assert!(self.scratch.is_untouched(0), "written by a call that failed");
        }
    }

    pub(super) fn function_find(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let mut buffer = [0; 320];
        let name = name(action.handle, &mut buffer, &mut faults);
        faults.retain(|fault| *fault != S::WARMSTOW_ERROR_NAME_EMPTY);
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        // SAFETY: a text, and null or a place for the result.
        let status = unsafe { warmstow_function_find(region, name, out) };
        let allowed = [S::WARMSTOW_OK, S::WARMSTOW_ERROR_NAME_UNKNOWN];
        if judge(status, &faults, &allowed) {
            let function: warmstow_function = self.scratch.read(0);
            assert!(self.regions[at.expect("open")].functions.contains(&function.bits));
        }
    }

    pub(super) fn settings(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        if action.place.is_multiple_of(3) {
            let status = warmstow_region_set_account_limit(region, number(action.value));
            judge(status, &faults, &[S::WARMSTOW_OK, S::WARMSTOW_ERROR_ACCOUNT_LIMIT]);
            return;
        }
        let bits = self.one_word(|model| &model.functions, action.handle, action.value);
        if at.is_none_or(|at| !self.regions[at].functions.contains(&bits)) {
            faults.push(S::WARMSTOW_ERROR_FUNCTION_STALE);
        }
        let function = warmstow_function { bits };
        if action.place % 3 == 1 {
            let status = warmstow_function_set_reserved(region, function, number(action.value));
            judge(status, &faults, &[S::WARMSTOW_OK, S::WARMSTOW_ERROR_RESERVED]);
        } else {
            let keep_alive = u64::from(number(action.value)) << (action.value % 33);
            let status = warmstow_function_set_keep_alive(region, function, keep_alive);
            judge(status, &faults, &[S::WARMSTOW_OK]);
        }
    }

    pub(super) fn spec_read(&mut self, action: Action) {
        let (region, at, mut faults) = self.of_region(action.region);
        let bits = self.one_word(|model| &model.functions, action.handle, action.value);
        if at.is_none_or(|at| !self.regions[at].functions.contains(&bits)) {
            faults.push(S::WARMSTOW_ERROR_FUNCTION_STALE);
        }
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        let size = size::<warmstow_function_spec>(action.value, &mut faults);
        // SAFETY: null, or a place for the result.
        let status =
            unsafe { warmstow_function_spec_read(region, warmstow_function { bits }, out, size) };
        if !judge(status, &faults, &[S::WARMSTOW_OK]) {
            assert!(self.scratch.is_untouched(0), "written by a call that failed");
        }
    }

    /// Names of numbers and indices of handles: any bits are fine.
    pub(super) fn names(&mut self, action: Action) {
        let value = number(action.value);
        let texts = [
            warmstow_status_name(value.cast_signed()),
            warmstow_status_name(-value.cast_signed().wrapping_abs()),
            warmstow_refusal_name(value),
            warmstow_last_error(),
        ];
        for text in texts {
            // SAFETY: never null, NUL-terminated, this thread's.
            let text = unsafe { CStr::from_ptr(text) };
            assert!(text.to_str().is_ok_and(|text| text.len() < 512));
        }
        let bits = Self::two_words(&self.instances, action.handle, action.value);
        let index = warmstow_instance_index(warmstow_instance { bits });
        assert!(bits != [0; 2] || index == WARMSTOW_NO_INDEX);
        warmstow_node_index(warmstow_node { bits: bits[0] });
        warmstow_function_index(warmstow_function { bits: bits[1] });
    }

    pub(super) fn close(&mut self, action: Action) {
        let (region, at, faults) = self.of_region(action.region);
        if judge(warmstow_region_close(region), &faults, &[S::WARMSTOW_OK]) {
            self.regions[at.expect("open")].open = false;
        }
    }

    pub(super) fn close_all(&mut self) {
        for model in self.regions.iter_mut().filter(|model| model.open) {
            let in_flight = model.requests.len() as u64;
            assert_eq!(model.admitted, model.ended + in_flight);
            let region = warmstow_region { bits: model.handle };
            assert_eq!(warmstow_region_close(region), 0);
            let again = warmstow_region_close(region);
            assert_eq!(again, S::WARMSTOW_ERROR_REGION_STALE as i32, "closed twice");
        }
    }

    fn config(&mut self) -> warmstow_region_config {
        let out = self.scratch.place(0, Place::Good, &mut vec![]);
        let size = size_of::<warmstow_region_config>();
        // SAFETY: a place for the result.
        let status = unsafe { warmstow_region_config_default(out, size) };
        assert_eq!(status, 0);
        self.scratch.read(0)
    }

    /// A region with a node and two functions.
    pub(super) fn open(&mut self) {
        let config = warmstow_region_config {
            account_limit: 4,
            unreserved_minimum: 0,
            max_functions: 8,
            max_nodes: 2,
            ..self.config()
        };
        let out: *mut warmstow_region = self.scratch.place(0, Place::Good, &mut vec![]);
        // SAFETY: a config, and a place for the result.
        assert_eq!(unsafe { warmstow_region_open(&raw const config, out) }, 0);
        let region: warmstow_region = self.scratch.read(0);
        self.regions.push(Model { handle: region.bits, open: true, ..Model::default() });
        let byte = (self.regions.len() - 1) as u8;
        let add = Action { call: 0, region: byte, handle: 200, place: 34, value: 7 };
        self.node_add(Action { handle: 240, ..add });
        self.function_add(Action { handle: 0, value: 1, ..add });
        self.function_add(Action { handle: 1, value: 12, ..add });
    }

    pub(super) fn open_hostile(&mut self, action: Action) {
        let open = self.regions.iter().filter(|model| model.open).count();
        if action.handle < 64 && open < MOST_OPEN && self.regions.len() < MOST_REGIONS {
            return self.open();
        }
        let mut faults = vec![];
        let mut config = self.config();
        match action.handle % 4 {
            0 => config.struct_size = u32::from(action.value),
            1 => config.strategy = 6 + number(action.value) % (u32::MAX - 6),
            2 => config.max_functions = 0,
            _ => config.max_nodes = (1 << 20) + 1 + number(action.value) % 1_000,
        }
        faults.push(match action.handle % 4 {
            0 => S::WARMSTOW_ERROR_STRUCT_SIZE,
            1 => S::WARMSTOW_ERROR_ENUM,
            _ => S::WARMSTOW_ERROR_REGION_CONFIG,
        });
        if action.handle.is_multiple_of(4) && u32::from(action.value) == self.config().struct_size {
            return;
        }
        let out = self.scratch.place(0, Place::of(action.place), &mut faults);
        // SAFETY: a config, and null or a place for the result.
        let status = unsafe { warmstow_region_open(&raw const config, out) };
        judge(status, &faults, &[]);
        assert!(self.scratch.is_untouched(0), "written by a call that failed");
    }
}

/// Beside a fault any of the other errors can be the one that is met first.
fn any_of(faults: &mut Vec<S>, allowed: &[S]) {
    if !faults.is_empty() {
        faults.extend(allowed.iter().filter(|status| **status != S::WARMSTOW_OK));
    }
}

impl Model {
    /// The instance of these bits was told to stop, unless there is none.
    fn tell(&mut self, bits: [u64; 2]) {
        if bits == [0; 2] {
            return;
        }
        assert!(self.live.contains(&bits), "told to stop, but never started");
        assert!(!self.told.contains(&bits), "told to stop twice");
        let busy = self.requests.iter().any(|held| held.instance == bits);
        assert!(!busy, "stopped under a request");
        self.told.push(bits);
    }
}
