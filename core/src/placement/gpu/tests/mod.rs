//! Tests of GPU placement: each policy's rule, fragmentation against the
//! definition, refusals.

mod fleet;
mod fragmentation;
mod policies;
mod worth;

use super::{GpuNode, Model, Models, Pod, Room};

/// A model by number.
fn model(number: u8) -> Model {
    Model::new(number).unwrap()
}

/// A pod of whole GPUs or of a share of one, with 1,000 milli-CPU and 1 MiB.
fn pod(gpus: u8, gpu_milli: u16) -> Pod {
    Pod::new(1_000, 1, gpus, gpu_milli).unwrap()
}

/// A node of model 0 with 96 cores and 1,000 MiB.
fn node(gpus: u8) -> GpuNode {
    GpuNode::new(96_000, 1_000, gpus, model(0)).unwrap()
}

/// The room on a `node` whose GPUs have that much left.
fn room(left: &[u16]) -> Room {
    let mut room = Room::new(node(u8::try_from(left.len()).unwrap()));
    for (gpu, left) in (0..).zip(left) {
        if *left < 1_000 {
            let taken = Pod::new(0, 0, 1, 1_000 - left).unwrap();
            room.take(&taken, 1 << gpu);
        }
    }
    room
}

/// The models with those numbers.
fn models(numbers: &[u8]) -> Models {
    numbers.iter().fold(Models::NONE, |models, number| models.with(model(*number)))
}
