package procscan

import (
	"encoding/binary"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// queueSize is the room that the kernel is asked to provide for events until they are
// read. It doubles the number, and an event takes 768 bytes of it: some ten thousand
// events.
const queueSize = 4 << 20

// From linux/connector.h and linux/cn_proc.h.
const (
	connectorProc = 1 // CN_IDX_PROC, CN_VAL_PROC: the group and kind of process events
	mcastListen   = 1 // PROC_CN_MCAST_LISTEN
	mcastIgnore   = 2 // PROC_CN_MCAST_IGNORE
)

// subscribe opens a socket to the kernel's process events, with a filter that only passes
// the events that we want.
func subscribe() (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_CONNECTOR)
	if err != nil {
		return -1, fmt.Errorf("open a socket for process events: %w", err)
	}
	if err := prepare(fd); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func prepare(fd int) error {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, queueSize) != nil {
		// Without the privilege, as much as net.core.rmem_max allows.
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, queueSize)
	}
	code := filter(os.Getpid())
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}); err != nil {
		return fmt.Errorf("filter process events: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: connectorProc}); err != nil {
		return fmt.Errorf("listen for process events: %w", err)
	}
	return tell(fd, mcastListen)
}

// tell sends the kernel one word, mcastListen or mcastIgnore.
func tell(fd int, op uint32) error {
	var b [40]byte // struct nlmsghdr, struct cn_msg, enum proc_cn_mcast_op
	put := binary.NativeEndian
	put.PutUint32(b[0:], uint32(len(b)))
	put.PutUint16(b[4:], unix.NLMSG_DONE)
	put.PutUint32(b[16:], connectorProc)
	put.PutUint32(b[20:], connectorProc)
	put.PutUint16(b[32:], 4)
	put.PutUint32(b[36:], op)
	if err := unix.Sendto(fd, b[:], 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("subscribe to process events: %w", err)
	}
	return nil
}

// filter is a program in classic BPF. It passes the events exec, user and name of the
// leading threads of processes, and of all threads of the process self.
func filter(self int) []unix.SockFilter {
	const (
		load = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		is   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		isX  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_X
		ret  = unix.BPF_RET | unix.BPF_K
	)
	return []unix.SockFilter{
		{Code: load, K: offWhat},
		{Code: is, Jt: 2, K: net(eventExec)},
		{Code: is, Jt: 1, K: net(eventUID)},
		{Code: is, Jf: 5, K: net(eventComm)},
		{Code: load, K: offPID},
		{Code: unix.BPF_MISC | unix.BPF_TAX},
		{Code: load, K: offTGID},
		{Code: isX, Jt: 2},
		{Code: is, Jt: 1, K: net(uint32(self))},
		{Code: ret, K: 0},
		{Code: ret, K: 0xffffffff},
	}
}

// net is a number of the host's byte order as BPF loads it, in network byte order.
func net(v uint32) uint32 {
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], v)
	return binary.BigEndian.Uint32(b[:])
}

func prctlName(option int, name *[16]byte) error {
	_, _, errno := unix.Syscall6(unix.SYS_PRCTL, uintptr(option), uintptr(unsafe.Pointer(name)), 0, 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("name our own thread: %w", errno)
	}
	return nil
}
