//! How a process shuts itself in for good, before it reads a byte that somebody else wrote.
//!
//! Each wall would do alone against most: no right, no memory and time without end, no path and no network, and of
//! system calls only those that reading and writing one socket and having memory take. None needs root.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetError, RulesetStatus, Scope,
};
use rustix::io::Errno;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities, set_no_new_privs,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::limits::{MEMORY_BYTES, PROCESSOR_SECONDS};

/// Why a process is not shut in.
#[derive(Debug, thiserror::Error)]
pub enum Unconfined {
    /// The system does not take a right or a limit.
    #[error("this system does not limit what parses disks")]
    Limits(#[from] Errno),
    /// The kernel's rules refuse.
    #[error("Landlock does not shut in what parses disks")]
    Landlock(#[from] RulesetError),
    /// The kernel is older than them, or has them switched off.
    #[error("this kernel has no Landlock, without which what parses disks is not shut in")]
    NoLandlock,
    /// The kernel's filter of system calls refuses.
    #[error("seccomp does not shut in what parses disks")]
    Seccomp(#[from] seccompiler::Error),
    /// There is no filter for this processor.
    #[error("seccomp is not known for this processor")]
    Processor(#[from] seccompiler::BackendError),
}

/// Shuts this process in, for as long as it lives: it can read from its standard input, write to it, to standard output
/// and to standard error, have memory and end. All else kills it, or is refused. It must have one thread only.
///
/// # Errors
/// The first wall that this system does not have; those behind it stand then.
pub fn confine() -> Result<(), Unconfined> {
    let walls = [
        drop_rights,
        limit,
        forbid_paths,
        forbid_descriptors,
        forbid_calls,
    ];
    let built = walls.map(|wall| wall());
    built.into_iter().collect()
}

/// Gives up what makes a process more than its user, and what others could learn of it.
fn drop_rights() -> Result<(), Unconfined> {
    set_no_new_privs(true)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    clear_ambient_capability_set()?;
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, none)?;
    Ok(())
}

fn limit() -> Result<(), Unconfined> {
    let limits = [
        (Resource::As, MEMORY_BYTES),
        (Resource::Cpu, PROCESSOR_SECONDS),
        (Resource::Core, 0),
        (Resource::Nproc, 0),
    ];
    for (resource, most) in limits {
        set_limit(resource, most)?;
    }
    Ok(())
}

fn set_limit(resource: Resource, most: u64) -> Result<(), Errno> {
    let most = Some(most);
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    setrlimit(resource, limit)
}

/// No path, no TCP and UDP, no signal or abstract socket to others; on an older kernel, what of that it knows.
fn forbid_paths() -> Result<(), Unconfined> {
    let newest = ABI::V9;
    let restricted = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?
        .restrict_self()?;
    match restricted.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err(Unconfined::NoLandlock),
    }
}

/// No descriptor more than there are. Landlock needs one while it is set up.
fn forbid_descriptors() -> Result<(), Unconfined> {
    Ok(set_limit(Resource::Nofile, 0)?)
}

/// Only the calls that are needed, with only the arguments that they need: any other ends the process.
fn forbid_calls() -> Result<(), Unconfined> {
    let filter = SeccompFilter::new(
        calls()?.into_iter().collect(),
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: BpfProgram = filter.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}

/// The calls that are allowed. Whatever descriptors were inherited, only the socket is read, and only the three that every
/// process has are written; memory is not of a file, and no code is made.
fn calls() -> Result<Vec<(libc::c_long, Vec<SeccompRule>)>, seccompiler::BackendError> {
    let is = |argument, value: u64| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
    };
    let not_code = || {
        let executable = SeccompCmpOp::MaskedEq(PROT_EXEC);
        SeccompCondition::new(2, SeccompCmpArgLen::Dword, executable, 0)
    };
    let written = || -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
        (0..3)
            .map(|it| SeccompRule::new(vec![is(0, it)?]))
            .collect()
    };
    let anonymous = SeccompRule::new(vec![not_code()?, is(4, NO_FILE)?])?;
    let mut calls = vec![
        (libc::SYS_read, vec![SeccompRule::new(vec![is(0, 0)?])?]),
        (libc::SYS_write, written()?),
        (libc::SYS_writev, written()?),
        (libc::SYS_mmap, vec![anonymous]),
        (
            libc::SYS_mprotect,
            vec![SeccompRule::new(vec![not_code()?])?],
        ),
    ];
    calls.extend(FREE_CALLS.map(|call| (call, Vec::new())));
    Ok(calls)
}

/// The bit of `mmap` and `mprotect` for code.
const PROT_EXEC: u64 = 4;
/// The descriptor of memory that is of no file: −1, of which the lower half is compared.
const NO_FILE: u64 = 0xFFFF_FFFF;

/// Calls that may have any arguments: they concern memory, signals, time and end of the process itself.
const FREE_CALLS: [libc::c_long; 17] = [
    libc::SYS_close,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_sched_yield,
    libc::SYS_clock_gettime,
    libc::SYS_futex,
    libc::SYS_gettid,
    libc::SYS_getrandom,
    libc::SYS_rseq,
    libc::SYS_exit,
    libc::SYS_exit_group,
];
