//! What the kernel says when devices come, go and change, on its own socket: no program has to run for it and no right is
//! needed. In a user namespace nothing comes, and nobody says so.
//!
//! A message only says that it is time to look: what it says beside that is not believed.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recvfrom, socket_with, sockopt,
};

/// The group that the kernel speaks to; the second is udev's.
const KERNEL_GROUP: u32 = 1;

/// What may wait unread, which the kernel doubles: a message takes some 768 bytes with all that is around it, and a shelf
/// of a hundred disks that is switched on sends some hundred. What is more is lost, and then all is looked at.
const RECEIVE_BYTES: usize = 1 << 20;

/// Longest message: the kernel has 2 KiB for what it says of a device (`UEVENT_BUFFER_SIZE`), and its path before it.
const MESSAGE_BYTES: usize = 8 << 10;

/// One disk is several messages: so long is waited for the next, and so often.
const QUIET: Duration = Duration::from_millis(50);
const MOST_TURNS: u32 = 5;

/// The socket on which the kernel speaks.
#[derive(Debug)]
pub(super) struct Uevents {
    socket: OwnedFd,
    message: Vec<u8>,
    has_heard: bool,
    overflows: u64,
}

impl Uevents {
    pub(super) fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
        let socket = socket_with(family, kind, flags, Some(KOBJECT_UEVENT))?;
        // Without the right to more it is as much as the system lets everybody have.
        sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BYTES)
            .or_else(|_| sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BYTES))?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL_GROUP))?;
        Ok(Self {
            socket,
            message: vec![0; MESSAGE_BYTES],
            has_heard: false,
            overflows: 0,
        })
    }

    /// Whether anything ever came: where nothing does, somebody has to look by himself.
    pub(super) fn has_heard(&self) -> bool {
        self.has_heard
    }

    /// How often more came than could be kept.
    pub(super) fn overflows(&self) -> u64 {
        self.overflows
    }

    /// Whether disks may have come, gone or changed; waits for that at most `timeout`, and for what belongs to it a little
    /// longer.
    pub(super) fn wait(&mut self, timeout: Duration) -> io::Result<bool> {
        if !self.ready_within(timeout)? || !self.take_all()? {
            return Ok(false);
        }
        for _ in 1..MOST_TURNS {
            if !self.ready_within(QUIET)? {
                break;
            }
            self.take_all()?;
        }
        Ok(true)
    }

    fn ready_within(&self, timeout: Duration) -> io::Result<bool> {
        let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
        let mut socket = [PollFd::new(&self.socket, PollFlags::IN)];
        match poll(&mut socket, Some(&timeout)) {
            Err(Errno::INTR) => Ok(false),
            ready => Ok(ready? > 0),
        }
    }

    /// Takes what has come, and says whether any of it is about a disk.
    fn take_all(&mut self) -> io::Result<bool> {
        let mut is_time = false;
        loop {
            match recvfrom(&self.socket, &mut self.message[..], RecvFlags::empty()) {
                Ok((message, _, sender)) => {
                    let sender = sender.and_then(|it| SocketAddrNetlink::try_from(it).ok());
                    let is_kernel = sender.is_some_and(|it| it.pid() == 0);
                    self.has_heard |= is_kernel;
                    is_time |= is_kernel && is_about_a_disk(&self.message[..message]);
                }
                Err(Errno::AGAIN) => return Ok(is_time),
                Err(Errno::INTR) => {}
                Err(Errno::NOBUFS) => {
                    self.overflows += 1;
                    is_time = true;
                }
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

/// A message is a line and then `NAME=value`, each ended by a NUL.
fn is_about_a_disk(message: &[u8]) -> bool {
    let has = |wanted: &[u8]| message.split(|byte| *byte == 0).any(|it| it == wanted);
    has(b"SUBSYSTEM=block") && has(b"DEVTYPE=disk")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_a_disk_is_known() {
        let disk = b"change@/devices/virtual/block/loop0\0ACTION=change\0\
            DEVPATH=/devices/virtual/block/loop0\0SUBSYSTEM=block\0MAJOR=7\0MINOR=0\0DEVNAME=loop0\0\
            DEVTYPE=disk\0DISKSEQ=41\0SEQNUM=1201\0";
        assert!(is_about_a_disk(disk));
        let partition = b"add@/devices/x/block/sda/sda1\0SUBSYSTEM=block\0DEVTYPE=partition\0";
        let usb = b"add@/devices/x/usb1/1-1\0SUBSYSTEM=usb\0DEVTYPE=usb_device\0";
        let empty: [&[u8]; 3] = [b"", b"\0\0", b"\xff\xfeSUBSYSTEM=block"];
        for other in [&partition[..], usb].into_iter().chain(empty) {
            assert!(!is_about_a_disk(other));
        }
    }
}
