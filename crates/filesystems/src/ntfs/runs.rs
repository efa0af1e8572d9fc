//! Lists of runs: which clusters of an attribute lie where.
//!
//! Source: libyal libfsntfs, *Data runs*. Each run is a byte whose nibbles say how many bytes its length and the
//! distance to the run before have, then these; without a distance it is a hole.

/// Clusters one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClusterRun {
    /// The first of them in its attribute.
    pub(super) at: u64,
    /// How many, never 0.
    pub(super) clusters: u64,
    /// Where they lie; `None` if they are a hole.
    pub(super) lcn: Option<u64>,
}

impl ClusterRun {
    /// The cluster of the attribute after the last.
    pub(super) fn end(&self) -> u64 {
        self.at.saturating_add(self.clusters)
    }

    /// Where the clusters from the `skipped`th on lie, at most `most` of them.
    pub(super) fn part(&self, skipped: u64, most: u64) -> Self {
        Self {
            at: self.at.saturating_add(skipped),
            clusters: self.clusters.saturating_sub(skipped).min(most),
            lcn: self.lcn.map(|lcn| lcn.saturating_add(skipped)),
        }
    }
}

/// What a list of runs may be at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunLimits {
    /// The clusters of the volume.
    pub(super) clusters: u64,
    /// Runs of one attribute.
    pub(super) runs: usize,
}

/// Adds the runs that `pairs` tells to `runs`: those of the clusters from `lowest` to `highest` of the attribute.
/// Runs that go on where the one before ends are merged. Of no clusters there are no runs, whatever stands there: ntfs3
/// leaves the old list in a file that it cuts to nothing.
///
/// # Errors
///
/// If they are not just these clusters, or lie outside the volume; some may have been added then.
pub(super) fn decode(
    pairs: &[u8],
    lowest: u64,
    highest: u64,
    limits: RunLimits,
    runs: &mut Vec<ClusterRun>,
) -> Result<(), &'static str> {
    if highest.wrapping_add(1) == lowest {
        return Ok(());
    }
    let mut rest = pairs;
    let mut at = lowest;
    let mut lcn: u64 = 0;
    loop {
        let (&header, after) = rest.split_first().ok_or("its list of runs has no end")?;
        if header == 0 {
            break;
        }
        let (length, distance, after) = pair(header, after).ok_or("a run of it is damaged")?;
        let place = match distance {
            None => None,
            Some(distance) => {
                lcn = moved(lcn, distance, length, limits.clusters)
                    .ok_or("a run of it lies past the end of the volume")?;
                Some(lcn)
            }
        };
        push(runs, (at, length, place), limits.runs)?;
        at = at.checked_add(length).ok_or("a run of it is damaged")?;
        rest = after;
    }
    if at != highest.wrapping_add(1) {
        return Err("its list of runs has not the clusters that it should have");
    }
    Ok(())
}

/// Length and distance of a run, and what follows it.
fn pair(header: u8, bytes: &[u8]) -> Option<(u64, Option<i64>, &[u8])> {
    let (length, bytes) = bytes.split_at_checked(usize::from(header & 15))?;
    let (distance, bytes) = bytes.split_at_checked(usize::from(header >> 4))?;
    let length = u64::try_from(signed(length)?).ok().filter(|&it| it > 0)?;
    let distance = if distance.is_empty() {
        None
    } else {
        Some(signed(distance)?)
    };
    Some((length, distance, bytes))
}

/// A little-endian number of up to eight bytes with a sign.
fn signed(bytes: &[u8]) -> Option<i64> {
    let is_negative = bytes.last()? >> 7 == 1;
    let mut wide = [if is_negative { 0xFF } else { 0 }; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(wide))
}

/// The first cluster of a run of `length`; `None` if not all of it is of the volume.
fn moved(lcn: u64, distance: i64, length: u64, clusters: u64) -> Option<u64> {
    let lcn = lcn.checked_add_signed(distance)?;
    (lcn.checked_add(length)? <= clusters).then_some(lcn)
}

fn push(
    runs: &mut Vec<ClusterRun>,
    (at, clusters, lcn): (u64, u64, Option<u64>),
    most: usize,
) -> Result<(), &'static str> {
    if let Some(last) = runs.last_mut() {
        let next = last.lcn.map(|lcn| lcn.saturating_add(last.clusters));
        if last.end() == at && next == lcn {
            last.clusters = last
                .clusters
                .checked_add(clusters)
                .ok_or("a run of it is damaged")?;
            return Ok(());
        }
    }
    if runs.len() >= most {
        return Err("it has more runs than are read");
    }
    runs.push(ClusterRun { at, clusters, lcn });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RunLimits = RunLimits {
        clusters: 0x1_0000,
        runs: 10,
    };

    /// First cluster, clusters, and where they lie.
    type Run = (u64, u64, Option<u64>);

    fn decoded(pairs: &[u8], highest: u64) -> Result<Vec<Run>, &'static str> {
        let mut runs = Vec::new();
        decode(pairs, 0, highest, LIMITS, &mut runs)?;
        Ok(runs
            .iter()
            .map(|run| (run.at, run.clusters, run.lcn))
            .collect())
    }

    #[test]
    fn runs_go_forth_and_back_and_have_holes() {
        let pairs = [0x21, 0x18, 0x34, 0x56, 0x01, 0x10, 0x11, 2, 0xF0, 0];
        assert_eq!(
            decoded(&pairs, 0x29),
            Ok(vec![
                (0, 0x18, Some(0x5634)),
                (0x18, 0x10, None),
                (0x28, 2, Some(0x5624))
            ])
        );
        assert_eq!(decoded(&[0], u64::MAX), Ok(vec![]));
    }

    #[test]
    fn no_clusters_have_no_runs_whatever_stands_there() {
        let none = u64::MAX;
        for left in [&[0x21, 0x18, 0x34, 0x56, 0][..], &[0x11, 0, 5, 0], &[0]] {
            assert_eq!(decoded(left, none), Ok(vec![]), "{left:?}");
        }
    }

    #[test]
    fn numbers_may_be_longer_than_they_need_be() {
        let pairs = [0x84, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0x11, 3, 2, 0];
        assert_eq!(decoded(&pairs, 4), Ok(vec![(0, 5, Some(5))]));
    }

    #[test]
    fn what_is_cut_or_crossed_is_an_error() {
        let pairs = [0x21, 0x18, 0x34, 0x56, 0];
        for cut in 0..pairs.len() {
            assert!(decoded(&pairs[..cut], 0x17).is_err(), "{cut}");
        }
        let wrong: [(&[u8], u64); 8] = [
            (&pairs, 0x16),
            (&pairs, 0x18),
            (&[0x11, 0, 5, 0], 0),
            (&[0x11, 0xFF, 5, 0], 254),
            (&[0x11, 1, 0xFF, 0], 0),
            (&[0x21, 2, 0xFF, 0xFF, 0], 1),
            (&[0x31, 2, 0xFF, 0xFF, 0, 0], 1),
            (&[0x91, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0], 0),
        ];
        for (pairs, highest) in wrong {
            assert!(decoded(pairs, highest).is_err(), "{pairs:?}");
        }
    }

    #[test]
    fn there_are_so_many_runs_at_most() {
        let mut pairs: Vec<u8> = [0x11, 1, 2].repeat(11);
        pairs.push(0);
        assert!(decoded(&pairs, 10).is_err());
    }
}
