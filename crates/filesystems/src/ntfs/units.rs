//! The units of a compressed stream.
//!
//! Source: libyal libfsntfs, *Compression unit*. A unit whose clusters all lie somewhere is not packed; one without
//! any is zeros; one that begins with clusters and ends with a hole is packed into them.

use super::runs::ClusterRun;

/// One unit, or several of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    /// Clusters as they are, or a hole.
    Whole(ClusterRun),
    /// One unit, packed into these clusters.
    Packed(Vec<ClusterRun>),
}

/// The units of runs, in order.
#[derive(Debug)]
pub(super) struct Units<'a> {
    runs: &'a [ClusterRun],
    /// The clusters of the first run that are through.
    used: u64,
    /// The clusters of a unit.
    unit: u64,
    /// What of a unit that is not packed is still to be given.
    pieces: std::vec::IntoIter<ClusterRun>,
}

impl<'a> Units<'a> {
    /// The units of `unit` clusters in `runs`.
    pub(super) fn new(runs: &'a [ClusterRun], unit: u64) -> Self {
        Self {
            runs,
            used: 0,
            unit,
            pieces: Vec::new().into_iter(),
        }
    }

    /// The next; `None` at the end.
    ///
    /// # Errors
    ///
    /// If there is no such unit.
    pub(super) fn next(&mut self) -> Result<Option<Unit>, &'static str> {
        if let Some(piece) = self.pieces.next() {
            return Ok(Some(Unit::Whole(piece)));
        }
        let Some(rest) = self.rest() else {
            return Ok(None);
        };
        let whole = rest.clusters / self.unit * self.unit;
        if whole > 0 {
            return Ok(self.take(whole).map(Unit::Whole));
        }
        let pieces = self.gathered()?;
        self.mixed(pieces).map(Some)
    }

    /// What is left of the first run.
    fn rest(&self) -> Option<ClusterRun> {
        let run = self.runs.first()?;
        Some(run.part(self.used, u64::MAX))
    }

    /// Takes at most `most` clusters of the first run.
    fn take(&mut self, most: u64) -> Option<ClusterRun> {
        let taken = self.rest()?.part(0, most);
        self.used += taken.clusters;
        if self.runs.first()?.clusters == self.used {
            self.runs = self.runs.get(1..)?;
            self.used = 0;
        }
        Some(taken)
    }

    /// The runs of one unit.
    fn gathered(&mut self) -> Result<Vec<ClusterRun>, &'static str> {
        let mut pieces = Vec::new();
        let mut left = self.unit;
        while left > 0 {
            let piece = self.take(left).ok_or("it ends within a unit")?;
            left -= piece.clusters;
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// A unit of several runs.
    fn mixed(&mut self, mut pieces: Vec<ClusterRun>) -> Result<Unit, &'static str> {
        let lying = pieces.iter().take_while(|it| it.lcn.is_some()).count();
        if pieces.iter().skip(lying).any(|it| it.lcn.is_some()) {
            return Err("a unit of it has clusters after a hole");
        }
        if lying < pieces.len() && lying > 0 {
            pieces.truncate(lying);
            return Ok(Unit::Packed(pieces));
        }
        self.pieces = pieces.into_iter();
        self.pieces
            .next()
            .map(Unit::Whole)
            .ok_or("it has an empty unit")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(runs: &[(u64, Option<u64>)]) -> Result<Vec<String>, &'static str> {
        let mut at = 0;
        let runs: Vec<_> = runs
            .iter()
            .map(|&(clusters, lcn)| {
                at += clusters;
                ClusterRun {
                    at: at - clusters,
                    clusters,
                    lcn,
                }
            })
            .collect();
        let mut units = Units::new(&runs, 4);
        let mut told = Vec::new();
        while let Some(unit) = units.next()? {
            let place = |run: &ClusterRun| format!("{}@{:?}", run.clusters, run.lcn);
            told.push(match unit {
                Unit::Whole(run) => place(&run).replace("Some", ""),
                Unit::Packed(runs) => {
                    let runs: Vec<_> = runs.iter().map(place).collect();
                    format!("packed {}", runs.join(" ")).replace("Some", "")
                }
            });
        }
        Ok(told)
    }

    #[test]
    fn units_are_packed_whole_or_holes() {
        let runs = [
            (9, Some(100)),
            (1, Some(50)),
            (2, None),
            (2, Some(7)),
            (2, Some(20)),
            (1 << 40, None),
        ];
        assert_eq!(
            units(&runs).unwrap(),
            [
                "8@(100)",
                "packed 1@(108) 1@(50)",
                "2@(7)",
                "2@(20)",
                "1099511627776@None"
            ]
        );
        assert_eq!(
            units(&[(1, None), (3, None)]).unwrap(),
            ["1@None", "3@None"]
        );
    }

    #[test]
    fn clusters_after_a_hole_and_a_broken_unit_are_errors() {
        assert!(units(&[(1, Some(1)), (1, None), (2, Some(9))]).is_err());
        assert!(units(&[(5, Some(1))]).is_err());
        assert!(units(&[(1, None), (3, Some(9))]).is_err());
    }
}
