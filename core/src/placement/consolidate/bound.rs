//! How few nodes the tasks need at least.

use alloc::vec;
use alloc::vec::Vec;

use super::cluster::Cluster;

/// The least number of the nodes in use that can run all tasks: those that
/// cannot be freed, and the largest of the others until there is enough in
/// every dimension; and no fewer than a service has tasks that share no node.
/// O(nodes log nodes).
pub(super) fn fewest_nodes(cluster: &Cluster) -> usize {
    let used = || (0..cluster.nodes.len()).filter(|&node| !cluster.tasks_on[node].is_empty());
    let kept: Vec<usize> = used().filter(|&node| !cluster.may_free(node)).collect();
    let mut fewest = kept.len().max(usize::from(!cluster.tasks.is_empty()));
    for d in 0..cluster.dims {
        let amount = |node: &usize| u128::from(cluster.nodes[*node].capacity[d]);
        let wanted: u128 = cluster.tasks.iter().map(|task| u128::from(task.size[d])).sum();
        let mut had: u128 = kept.iter().map(amount).sum();
        let mut others: Vec<u128> =
            used().filter(|&node| cluster.may_free(node)).map(|node| amount(&node)).collect();
        others.sort_unstable_by(|a, b| b.cmp(a));
        let mut nodes = kept.len();
        for other in others {
            if had >= wanted {
                break;
            }
            had += other;
            nodes += 1;
        }
        fewest = fewest.max(nodes);
    }
    let distinct = (0..cluster.services.len()).filter(|&s| cluster.services[s].distinct);
    let apart = distinct.map(|service| most_apart(cluster, service)).max().unwrap_or(0);
    fewest.max(apart)
}

/// On how many nodes the tasks of a service must be, where no two may share
/// one; those that share one now may stay.
fn most_apart(cluster: &Cluster, service: usize) -> usize {
    let mut seen = vec![false; cluster.nodes.len()];
    let own =
        cluster.tasks.iter().filter(|task| task.service.is_some_and(|s| s as usize == service));
    own.for_each(|task| seen[task.node as usize] = true);
    seen.iter().filter(|seen| **seen).count()
}
