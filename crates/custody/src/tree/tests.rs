//! The tree against a naive one that does word for word what RFC 9162 says.

use proptest::prelude::*;

use super::*;

/// What the tree of these leaves must have: RFC 9162, 2.1.1, on hashes of leaves.
fn naive_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(&[]),
        [leaf] => *leaf,
        leaves => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            parent(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
        }
    }
}

fn line(number: u64) -> String {
    format!("{{\"seq\":{number}}}")
}

/// A tree that keeps every node, as a service does.
#[derive(Default)]
struct Kept {
    edge: Edge,
    nodes: std::collections::BTreeMap<Node, Digest>,
}

impl Kept {
    fn of(size: u64) -> Self {
        let mut kept = Self::default();
        for number in 0..size {
            kept.nodes.extend(kept.edge.append(line(number).as_bytes()));
        }
        kept
    }

    fn hash_of(&self) -> impl FnMut(Node) -> Result<Digest, Node> + '_ {
        |node| self.nodes.get(&node).copied().ok_or(node)
    }

    fn root(&self, size: u64) -> Digest {
        root(size, self.hash_of()).unwrap()
    }
}

fn leaves(size: u64) -> Vec<Digest> {
    (0..size)
        .map(|number| leaf(line(number).as_bytes()))
        .collect()
}

#[test]
fn the_root_of_three_lines_is_the_published_one() {
    let golden = "3db67665eea8c26de341668c1d3199f61de4b780a828569a898ce48c28d931f3";
    assert_eq!(Kept::of(3).edge.root().to_string(), golden);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Edge::default().root().to_string(), empty);
    assert_eq!(Kept::default().root(0).to_string(), empty);
}

#[test]
fn every_leaf_of_small_trees_is_proved_and_no_other() {
    let kept = Kept::of(300);
    for size in (1..=70).chain([127, 128, 129, 255, 256, 257, 300]) {
        let root = kept.root(size);
        assert_eq!(root, naive_root(&leaves(size)));
        for index in 0..size {
            let path = inclusion(index, size, kept.hash_of()).unwrap();
            let leaf = kept.nodes[&Node { level: 0, index }];
            assert_eq!(verify_inclusion(leaf, index, (size, root), &path), Ok(()));
            let other = (index + 1) % size;
            if other != index {
                verify_inclusion(leaf, other, (size, root), &path).unwrap_err();
            }
            verify_inclusion(Digest::ZERO, index, (size, root), &path).unwrap_err();
            let longer = [&path[..], &[Digest::ZERO]].concat();
            verify_inclusion(leaf, index, (size, root), &longer).unwrap_err();
            if let Some((_, shorter)) = path.split_last() {
                verify_inclusion(leaf, index, (size, root), shorter).unwrap_err();
            }
        }
        let beyond = verify_inclusion(Digest::ZERO, size, (size, root), &[]);
        assert_eq!(beyond, Err(Disproved::NoLeaf { index: size, size }));
    }
}

#[test]
fn every_pair_of_small_trees_is_proved_and_no_other_history() {
    let kept = Kept::of(130);
    let mut forged = Kept::default();
    for number in 0..130 {
        let line = if number == 2 {
            "forged".to_owned()
        } else {
            line(number)
        };
        forged.nodes.extend(forged.edge.append(line.as_bytes()));
    }
    for new in 0..=130 {
        for old in 0..=new {
            let path = consistency(old, new, kept.hash_of()).unwrap();
            let (before, after) = ((old, kept.root(old)), (new, kept.root(new)));
            assert_eq!(
                verify_consistency(before, after, &path),
                Ok(()),
                "{old} {new}"
            );
            if old > 2 {
                let rewritten = (old, forged.root(old));
                verify_consistency(rewritten, after, &path).unwrap_err();
                let rewritten = (new, forged.root(new));
                verify_consistency(before, rewritten, &path).unwrap_err();
            }
            let longer = [&path[..], &[Digest::ZERO]].concat();
            verify_consistency(before, after, &longer).unwrap_err();
            if let Some((_, shorter)) = path.split_last() {
                verify_consistency(before, after, shorter).unwrap_err();
            }
            if old < new {
                verify_consistency(after, before, &path).unwrap_err();
            }
        }
    }
}

#[test]
fn what_is_needed_is_known_before_it_is_fetched() {
    let kept = Kept::of(1000);
    let nodes = needed(|hash_of| inclusion(700, 1000, hash_of));
    let of_few = |node: Node| nodes.get(&node).map(|node| kept.nodes[node]).ok_or(node);
    let path = inclusion(700, 1000, of_few).unwrap();
    assert_eq!(path, inclusion(700, 1000, kept.hash_of()).unwrap());
    assert!(nodes.len() < 20, "{nodes:?}");
    assert_eq!(needed(|hash_of| root(1000, hash_of)).len(), 6);
}

#[test]
fn an_edge_is_kept_and_goes_on() {
    let mut kept = Kept::of(777);
    let mut again = Edge::read(777, &kept.edge.bytes()).unwrap();
    assert_eq!(again, kept.edge);
    assert_eq!(again.append(b"x"), kept.edge.append(b"x"));
    assert_eq!((again.root(), again.size()), (kept.edge.root(), 778));
    let wrong = NoEdge {
        size: 777,
        bytes: 0,
    };
    assert_eq!(Edge::read(777, &[]), Err(wrong));
}

#[test]
fn tiles_have_the_paths_of_their_specification() {
    let tile = |level, index, size| Tile::of(Node { level, index }, size).to_string();
    assert_eq!(tile(0, 0, 1), "tile/0/000.p/1");
    assert_eq!(tile(0, 255, 256), "tile/0/000");
    assert_eq!(tile(7, 3, 70_000), "tile/0/001");
    assert_eq!(tile(8, 272, 70_000), "tile/1/001.p/17");
    assert_eq!(tile(0, 1_234_067 * 256, u64::MAX), "tile/0/x001/x234/067");
    for path in ["tile/0/x001/x234/067", "tile/3/001.p/255", "tile/7/000"] {
        assert_eq!(path.parse::<Tile>().unwrap().to_string(), path);
    }
    let highest = format!("tile/0/x{}/999", "999/x".repeat(6).trim_end_matches("/x"));
    for path in [
        "tile/0/0",
        "tile/0/1234",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/8/000",
        "tile/00/000",
        "tile/0/x000/001",
        "tile/0/x001/x067",
        "tile/-1/000",
        "tile/entries/000",
        "tile/0/000/",
        "tile/0/+01",
        "../tile/0/000",
        "tile/0/",
        "",
        highest.as_str(),
    ] {
        assert!(path.parse::<Tile>().is_err(), "{path}");
    }
    assert!("tile/0/001".parse::<Tile>().unwrap().is_in(512));
    assert!(!"tile/0/001".parse::<Tile>().unwrap().is_in(511));
    assert!(!"tile/7/000".parse::<Tile>().unwrap().is_in(511));
}

/// The content of a tile, as a service gives it.
fn content(kept: &Kept, tile: &Tile) -> Vec<u8> {
    tile.nodes()
        .flat_map(|node| *kept.nodes[&node].bytes())
        .collect()
}

#[test]
fn tiles_give_every_node_that_proofs_need() {
    let size = 70_001;
    let kept = Kept::of(size);
    let mut questions = needed(|hash_of| consistency(65_537, size, hash_of));
    questions.extend(needed(|hash_of| inclusion(65_793, size, hash_of)));
    assert!(questions.len() > 20);
    for node in questions {
        let tile = Tile::of(node, size);
        assert!(tile.is_in(size), "{tile}");
        let hash = tile.hash_of(node, &content(&kept, &tile));
        assert_eq!(hash, Ok(kept.nodes[&node]), "{node:?} of {tile}");
    }
    let tile = Tile::of(Node { level: 0, index: 0 }, size);
    let whole = content(&kept, &tile);
    let short = tile.hash_of(Node { level: 0, index: 0 }, &whole[..whole.len() - 1]);
    assert_eq!(
        short,
        Err(Unusable::Bytes {
            tile,
            bytes: whole.len() - 1
        })
    );
    for elsewhere in [(0, 256), (8, 0), (7, 2)] {
        let (level, index) = elsewhere;
        let found = tile.hash_of(Node { level, index }, &whole);
        assert_eq!(found, Err(Unusable::Node(tile)), "{elsewhere:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_two_trees_go_together(sizes in (1u64..2000, 0u64..2000), pick in any::<u64>()) {
        let (new, old) = (sizes.0, sizes.1.min(sizes.0));
        let kept = Kept::of(new);
        let (before, after) = (naive_root(&leaves(old)), naive_root(&leaves(new)));
        prop_assert_eq!(kept.edge.root(), after);
        let path = consistency(old, new, kept.hash_of()).unwrap();
        prop_assert_eq!(verify_consistency((old, before), (new, after), &path), Ok(()));
        let index = pick % new;
        let path = inclusion(index, new, kept.hash_of()).unwrap();
        let leaf = leaves(new)[usize::try_from(index).unwrap()];
        prop_assert_eq!(verify_inclusion(leaf, index, (new, after), &path), Ok(()));
    }

    /// Numbers and paths of strangers never panic.
    #[test]
    fn any_path_is_looked_at(
        index in any::<u64>(), size in any::<u64>(), new in any::<u64>(), hashes in 0usize..70,
    ) {
        let path = vec![Digest::ZERO; hashes];
        prop_assert!(verify_inclusion(Digest::ZERO, index, (size, Digest::ZERO), &path).is_err());
        let (old, new) = ((size, Digest::ZERO), (new, Digest::ZERO));
        if old != new {
            prop_assert!(verify_consistency(old, new, &path).is_err());
        }
    }

    #[test]
    fn any_text_is_asked_for_as_a_tile(path in "tile/[0-9]{0,2}/(x[0-9]{3}/){0,9}[0-9]{0,4}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path);
            let _ = tile.is_in(u64::MAX);
        }
    }
}
