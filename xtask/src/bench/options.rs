//! The options of `cargo xtask bench`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::data::{SetKind, Sizes};
use super::peers::Tool;
use super::stores::StoreKind;

pub(crate) const USAGE: &str = "\
usage: cargo xtask bench [OPTION]…
       cargo xtask bench api [--jobs N] [--connections N] [--seconds N]
       cargo xtask bench bays [BAYS [ROUNDS [MIB [SET]]]]
       cargo xtask bench heartbeats [STATIONS [BAYS [SECONDS]]]
       cargo xtask bench jobs [JOBS_IN_POSTGRESQL [JOBS_IN_SQLITE]]
       cargo xtask bench stations [N,N,… [MIB [STORE]]]

Measures how many requests the API answers, how soon jobs are listed, or races Longshore and other tools in turn and prints tables in Markdown.

  --direction WAY      import: folders into a store; export: out of a store onto a device (import)
  --sets LIST          big,many,one,small,mixed
  --tools LIST         longshore,longshore-image,rclone-tuned,rclone,s5cmd,aws,juicefs
  --stores LIST        sink,seaweed
  --rounds N           how often each tool runs (3)
  --quick              a tenth of the data
  --cold               for imports: drop the data set from the page cache before each run
  --device FOLDER      for exports: where to write to, a folder of the device (target/bench)
  --json FILE          also write every run to a file
  --longshore PATH     race this binary in place of the one that is built
  --big COUNTxMIB      files of the set `big` (4x1024)
  --many COUNTxMIB     files of the set `many` (64x64)
  --one MIB            the file of the set `one` (4096)
  --small COUNT        files of the set `small` (50000)
  --mixed S,M,L        small, medium and large files of the set `mixed` (10000,200,4)";

/// Which way the data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From a folder into a store.
    Import,
    /// From a store into a folder.
    Export,
}

impl Direction {
    const ALL: [Self; 2] = [Self::Import, Self::Export];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Export => "export",
        }
    }
}

/// What is raced, and how.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) direction: Direction,
    pub(crate) sets: Vec<SetKind>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) stores: Vec<StoreKind>,
    pub(crate) rounds: u32,
    pub(crate) sizes: Sizes,
    pub(crate) cold: bool,
    /// Where exports write to, in a folder of their own.
    pub(crate) device: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) longshore: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments of the command.
    ///
    /// # Errors
    /// If they are not those of [`USAGE`].
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            direction: Direction::Import,
            sets: SetKind::ALL.to_vec(),
            tools: Tool::ALL.to_vec(),
            stores: StoreKind::ALL.to_vec(),
            rounds: 3,
            sizes: Sizes::FULL,
            cold: false,
            device: None,
            json: None,
            longshore: None,
        };
        // First, so that sizes that are named outrank it wherever it stands.
        if arguments.iter().any(|argument| argument == "--quick") {
            options.sizes = Sizes::QUICK;
        }
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            match name.as_str() {
                "--quick" => {}
                "--cold" => options.cold = true,
                _ => {
                    let value = rest.next().map(String::as_str);
                    options
                        .take(name, value)
                        .with_context(|| format!("`{name}`\n\n{USAGE}"))?;
                }
            }
        }
        options.agree()?;
        if options.direction == Direction::Export {
            options.tools.retain(|tool| *tool != Tool::LongshoreImage);
        }
        Ok(options)
    }

    /// Refuses what means nothing in the direction that was chosen.
    fn agree(&self) -> Result<()> {
        match self.direction {
            Direction::Import if self.device.is_some() => bail!("`--device` is for exports"),
            Direction::Export if self.cold => bail!("`--cold` is for imports"),
            Direction::Export if self.tools == [Tool::LongshoreImage] => {
                bail!("`longshore-image` is for imports")
            }
            Direction::Import | Direction::Export => Ok(()),
        }
    }

    fn take(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        let value = || value.context("a value is missing");
        match name {
            "--direction" => self.direction = direction(value()?)?,
            "--sets" => self.sets = chosen(value()?, &SetKind::ALL, SetKind::name)?,
            "--tools" => self.tools = chosen(value()?, &Tool::ALL, Tool::name)?,
            "--stores" => self.stores = chosen(value()?, &StoreKind::ALL, StoreKind::name)?,
            "--rounds" => [self.rounds] = numbers(value()?, ',')?,
            "--big" => [self.sizes.big_files, self.sizes.big_mib] = numbers(value()?, 'x')?,
            "--many" => [self.sizes.many_files, self.sizes.many_mib] = numbers(value()?, 'x')?,
            "--one" => [self.sizes.one_mib] = numbers(value()?, ',')?,
            "--small" => [self.sizes.small_files] = numbers(value()?, ',')?,
            "--mixed" => self.sizes.mixed = numbers(value()?, ',')?,
            "--device" => self.device = Some(std::path::absolute(value()?)?),
            "--json" => self.json = Some(value()?.into()),
            "--longshore" => self.longshore = Some(std::path::absolute(value()?)?),
            _ => bail!("no such option"),
        }
        Ok(())
    }
}

fn direction(text: &str) -> Result<Direction> {
    let mut all = Direction::ALL.into_iter();
    let found = all.find(|direction| direction.name() == text);
    found.with_context(|| format!("`{text}` is neither import nor export"))
}

/// Those of `all` that a list names, in the order of `all`.
fn chosen<T: Copy>(text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<Vec<T>> {
    let words: Vec<&str> = text.split(',').collect();
    if let Some(word) = words
        .iter()
        .find(|&&word| all.iter().all(|&one| name(one) != word))
    {
        bail!("`{word}` is none of them");
    }
    let all = all.iter().copied();
    Ok(all.filter(|&one| words.contains(&name(one))).collect())
}

fn numbers<const N: usize>(text: &str, separator: char) -> Result<[u32; N]> {
    let read: Option<Vec<u32>> = text
        .split(separator)
        .map(|word| word.parse().ok())
        .collect();
    let numbers: Option<[u32; N]> = read.and_then(|numbers| numbers.try_into().ok());
    let numbers = numbers.filter(|numbers| numbers.iter().sum::<u32>() > 0);
    numbers.with_context(|| format!("`{text}` is not {N} number(s)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn options_are_read() {
        let options = parse("--sets small,big --tools aws --rounds 5 --small 7 --quick").unwrap();
        assert_eq!(options.sets, [SetKind::Big, SetKind::Small]);
        assert_eq!(options.tools, [Tool::Aws]);
        assert_eq!(options.stores, StoreKind::ALL);
        assert_eq!((options.rounds, options.cold), (5, false));
        let sizes = Sizes {
            small_files: 7,
            ..Sizes::QUICK
        };
        assert_eq!(options.sizes, sizes);
        assert_eq!(options.direction, Direction::Import);
    }

    #[test]
    fn sets_of_large_files_have_sizes() {
        let options = parse("--sets one,many --many 8x32 --one 40").unwrap();
        assert_eq!(options.sets, [SetKind::Many, SetKind::One]);
        let sizes = Sizes {
            many_files: 8,
            many_mib: 32,
            one_mib: 40,
            ..Sizes::FULL
        };
        assert_eq!(options.sizes, sizes);
    }

    #[test]
    fn exports_have_a_device() {
        let options = parse("--device /mnt/disk --direction export").unwrap();
        assert_eq!(options.direction, Direction::Export);
        assert_eq!(options.device, Some("/mnt/disk".into()));
        assert_eq!(parse("--direction export").unwrap().device, None);
        let refused = parse("--direction export --cold").unwrap_err();
        assert_eq!(refused.to_string(), "`--cold` is for imports");
        let refused = parse("--device /mnt/disk").unwrap_err();
        assert_eq!(refused.to_string(), "`--device` is for exports");
    }

    #[test]
    fn what_is_no_option_is_refused() {
        for text in [
            "--sets tiny",
            "--tools",
            "--rounds 0",
            "--rounds many",
            "--mixed 1,2",
            "--big 4",
            "--fast",
            "small",
            "--direction back",
            "--direction import,export",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
