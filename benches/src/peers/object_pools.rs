//! Idle instances in the object pools of crates.io.
//!
//! The last two would make a new object where none is left, which a host that
//! starts instances cannot let them do; the function's counter stops that first.

use core::fmt;

use lockfree_object_pool::{LinearObjectPool, LinearReusable};
use opool::{PoolAllocator, RefGuard};
use sharded_slab::pool::RefMut;

use super::counted::IdleSet;
use super::{Idle, all_idle};

/// `object-pool`: a stack behind parking_lot's mutex.
pub struct MutexStack(object_pool::Pool<Idle>);

impl IdleSet for MutexStack {
    type Taken<'a> = object_pool::Reusable<'a, Idle>;

    fn new(instances: u32) -> Self {
        Self(object_pool::Pool::from_vec(all_idle(instances).collect()))
    }

    #[inline]
    fn take(&self) -> Option<Self::Taken<'_>> {
        self.0.try_pull()
    }

    #[inline]
    fn put_back<'a>(&'a self, mut taken: Self::Taken<'a>, now_ns: u64) {
        taken.1 = now_ns;
    }
}

/// `opool`: a bounded queue of crossbeam's behind guards.
pub struct Opool(opool::Pool<NewInstance, Idle>);

/// How [`Opool`] makes the instances that it starts with.
#[derive(Debug)]
pub struct NewInstance;

impl PoolAllocator<Idle> for NewInstance {
    fn allocate(&self) -> Idle {
        (0, 0)
    }
}

impl IdleSet for Opool {
    type Taken<'a> = RefGuard<'a, NewInstance, Idle>;

    fn new(instances: u32) -> Self {
        Self(opool::Pool::new_prefilled(instances as usize, NewInstance))
    }

    #[inline]
    fn take(&self) -> Option<Self::Taken<'_>> {
        self.0.try_get()
    }

    #[inline]
    fn put_back<'a>(&'a self, mut taken: Self::Taken<'a>, now_ns: u64) {
        taken.1 = now_ns;
    }
}

/// `lockfree-object-pool`: a list of pages with 32 objects each.
pub struct LinearPool(LinearObjectPool<Idle>);

impl IdleSet for LinearPool {
    type Taken<'a> = LinearReusable<'a, Idle>;

    fn new(instances: u32) -> Self {
        let pool = LinearObjectPool::new(|| (0, 0), |_| ());
        let all: Vec<_> = (0..instances).map(|_| pool.pull()).collect();
        drop(all);
        Self(pool)
    }

    #[inline]
    fn take(&self) -> Option<Self::Taken<'_>> {
        Some(self.0.pull())
    }

    #[inline]
    fn put_back<'a>(&'a self, mut taken: Self::Taken<'a>, now_ns: u64) {
        taken.1 = now_ns;
    }
}

/// `sharded-slab`: a list of free slots for each thread.
pub struct ShardedSlab(sharded_slab::Pool<Slot>);

/// What [`ShardedSlab`] keeps in its slots.
#[derive(Debug, Default)]
pub struct Slot(u64);

impl sharded_slab::Clear for Slot {
    fn clear(&mut self) {}
}

impl IdleSet for ShardedSlab {
    type Taken<'a> = RefMut<'a, Slot>;

    fn new(instances: u32) -> Self {
        let pool = sharded_slab::Pool::new();
        let all: Vec<_> = (0..instances).filter_map(|_| pool.create_with(|_| ())).collect();
        for key in all {
            pool.clear(key);
        }
        Self(pool)
    }

    #[inline]
    fn take(&self) -> Option<Self::Taken<'_>> {
        self.0.create()
    }

    #[inline]
    fn put_back<'a>(&'a self, mut taken: Self::Taken<'a>, now_ns: u64) {
        taken.0 = now_ns;
        let key = taken.key();
        drop(taken);
        self.0.clear(key);
    }
}

macro_rules! opaque {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

opaque!(MutexStack, Opool, LinearPool, ShardedSlab);
