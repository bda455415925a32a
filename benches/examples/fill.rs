//! scratch
struct Cpu(u64);
fn cpu() -> u64 { std::fs::read_to_string("/proc/thread-self/schedstat").unwrap().split(' ').next().unwrap().parse().unwrap() }
impl Cpu { fn elapsed(&self) -> std::time::Duration { std::thread::yield_now(); std::time::Duration::from_nanos(cpu() - self.0) } }
struct Instant; impl Instant { fn now() -> Cpu { std::thread::yield_now(); Cpu(cpu()) } }
use warmstow_benches::placement::*;
fn run<P: Placer>(name: &str, n: u32, most: u64) {
    let free = half_full(n);
    let mut ns = vec![];
    let mut f = None;
    for _ in 0..(if n <= 1000 { 5 } else { 1 }) {
        let mut p = P::new(&free);
        let t = Instant::now();
        let r = fill(&mut p, &free, most);
        ns.push(t.elapsed().as_nanos() as f64 / r.attempts as f64);
        f = Some(r);
    }
    ns.sort_by(f64::total_cmp);
    let f = f.unwrap();
    println!(
        "{n:7} {name:20} {:9.0} ns  attempts {} fail {} cpu {:.2} mem {:.2}",
        ns[ns.len() / 2],
        f.attempts,
        f.failures,
        f.cpu_left,
        f.memory_left
    );
}
fn main() { if std::env::args().len() > 1 { hot(1000); hot(10_000); hot(100_000); return; }
    for n in [100, 1000, 10_000, 100_000] {
        split(n);
    }
    for n in [100, 1000, 10_000, 100_000] {
        let most = if n == 100_000 { 20_000 } else { u64::MAX };
        run::<ExactScan>("exact", n, most);
        run::<Ours<0>>("ours cpu", n, u64::MAX);
        run::<Ours<1>>("ours memory", n, u64::MAX);
        run::<Ours<5>>("ours balanced", n, u64::MAX);
    }
}
fn split(n: u32) {
    use warmstow_core::placement::Strategy;
    use warmstow_core::rng::Rng;
    for s in
        [Strategy::ALL[1], Strategy::ALL[5], Strategy::ALL[2], Strategy::ALL[3], Strategy::ALL[4]]
    {
        let f = fleet(&half_full(n));
        let mut d = Rng::stream(9, 9);
        let t = Instant::now();
        let k = if n > 1000 && s.name().starts_with("spread") || s == Strategy::Random {
            1000
        } else {
            n * 2
        };
        for _ in 0..k {
            let _ = std::hint::black_box(f.place(instance(&mut d), s));
        }
        let e = t.elapsed().as_nanos() as f64 / f64::from(k);
        let t = Instant::now();
        for _ in 0..500 {
            let _ = std::hint::black_box(
                f.place(warmstow_core::resources::Resources::new(30000, 60000), s),
            );
        }
        println!(
            "{n} {s}: early place {e:.0} ns, refusal {:.0} ns",
            t.elapsed().as_nanos() as f64 / 50.
        );
    }
}
fn hot(n: u32) {
    use warmstow_core::placement::Strategy; use warmstow_core::rng::Rng;
    let f = fleet(&half_full(n)); let mut d = Rng::stream(9, 9);
    let needs: Vec<_> = (0..4096).map(|_| instance(&mut d)).collect();
    let mut held = std::collections::VecDeque::new();
    let t = Instant::now();
    for i in 0..3_000_000_usize { if let Ok(r) = f.place(needs[i % 4096], Strategy::Balanced) { held.push_back(r); } if held.len() > 64 { f.release(held.pop_front().unwrap()).unwrap(); } }
    println!("{n}: place+release {:.0}", t.elapsed().as_nanos() as f64 / 3e6);
}
