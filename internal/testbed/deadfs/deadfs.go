// Package deadfs is a file system that does not answer, for tests: what an NFS server that
// is gone looks like to whoever opens a file, runs a program or lists a directory on it.
package deadfs

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// The names in the file system. All but Lost are found, and may be used by everyone.
const (
	Read = "file" // can be opened and mapped, and is executable; a read never ends
	Held = "held" // is executable; opening it, also to execute it, never ends
	Lost = "lost" // looking it up never ends
	Dir  = "dir"  // a directory; opening it never ends
)

// FS is such a file system (linux/fuse.h), mounted for the length of a test.
type FS struct {
	Dir  string        // where it is mounted
	Hang chan struct{} // closed when something hangs for the first time

	device int
	once   sync.Once
}

// Mount mounts one. Without root or FUSE it skips the test.
func Mount(t *testing.T) *FS {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a file system")
	}
	f := &FS{Dir: t.TempDir(), Hang: make(chan struct{})}
	var err error
	if f.device, err = unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
		t.Skipf("no FUSE: %v", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", f.device)
	if err := unix.Mount("deadfs", f.Dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		unix.Close(f.device)
		t.Skipf("cannot mount: %v", err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		f.serve()
	}()
	t.Cleanup(func() {
		f.End(t)
		<-served
		unix.Close(f.device)
	})
	return f
}

// End makes all that hangs fail. It may be called twice.
func (f *FS) End(t testing.TB) {
	t.Helper()
	if err := unix.Unmount(f.Dir, unix.MNT_FORCE|unix.MNT_DETACH); err != nil && err != unix.EINVAL {
		t.Errorf("unmount: %v", err)
	}
}

func (f *FS) serve() {
	buf := make([]byte, 1<<17)
	for {
		n, err := unix.Read(f.device, buf)
		if err == unix.EINTR || err == unix.EAGAIN || err == unix.ENOENT {
			continue
		}
		if err != nil || n < 40 {
			return // ENODEV: unmounted
		}
		f.answer(buf[:n])
	}
}

// The operations that are answered.
const (
	opLookup     = 1
	opForget     = 2
	opGetattr    = 3
	opOpen       = 14
	opRead       = 15
	opRelease    = 18
	opInit       = 26
	opOpendir    = 27
	opReaddir    = 28
	opReleasedir = 29
	opInterrupt  = 36
)

// The nodes: the root directory and the names in it.
const rootNode = 1

var nodes = map[string]uint64{Read: 2, Held: 3, Dir: 4}

// answer replies to a request: struct fuse_in_header has the operation at 4, a number at
// 8, the node at 16, and is 40 bytes long.
func (f *FS) answer(request []byte) {
	u32, u64 := binary.NativeEndian.Uint32, binary.NativeEndian.Uint64
	unique, node, body := u64(request[8:]), u64(request[16:]), request[40:]
	switch op := u32(request[4:]); {
	case op == opInit:
		f.reply(unique, 0, hello())
	case op == opLookup && string(body) == Lost+"\x00", op == opRead,
		op == opOpen && node == nodes[Held], op == opOpendir && node == nodes[Dir]:
		f.once.Do(func() { close(f.Hang) })
	case op == opLookup:
		f.lookup(unique, string(body[:len(body)-1]))
	case op == opGetattr: // struct fuse_attr_out
		f.reply(unique, 0, append(make([]byte, 16), attributes(node)...))
	case op == opOpen, op == opOpendir:
		f.reply(unique, 0, make([]byte, 16))
	case op == opRelease, op == opReleasedir, op == opReaddir:
		f.reply(unique, 0, nil)
	case op == opForget, op == opInterrupt: // these want no answer
	default:
		f.reply(unique, unix.ENOSYS, nil)
	}
}

// hello is struct fuse_init_out: version 7.31, all else as small as can be.
func hello() []byte {
	out := make([]byte, 64)
	binary.NativeEndian.PutUint32(out[0:], 7)
	binary.NativeEndian.PutUint32(out[4:], 31)
	binary.NativeEndian.PutUint32(out[20:], 1<<16)
	return out
}

// lookup answers with struct fuse_entry_out: the node, and 40 bytes on struct fuse_attr.
func (f *FS) lookup(unique uint64, name string) {
	node, ok := nodes[name]
	if !ok {
		f.reply(unique, unix.ENOENT, nil)
		return
	}
	out := make([]byte, 40, 128)
	binary.NativeEndian.PutUint64(out[0:], node)
	f.reply(unique, 0, append(out, attributes(node)...))
}

// attributes is struct fuse_attr of a node.
func attributes(node uint64) []byte {
	out := make([]byte, 88)
	mode := uint32(unix.S_IFDIR | 0o755)
	if node != rootNode && node != nodes[Dir] {
		mode = unix.S_IFREG | 0o755
		binary.NativeEndian.PutUint64(out[8:], uint64(os.Getpagesize()))
	}
	binary.NativeEndian.PutUint64(out[0:], node)
	binary.NativeEndian.PutUint32(out[60:], mode)
	binary.NativeEndian.PutUint32(out[64:], 1)
	return out
}

func (f *FS) reply(unique uint64, errno unix.Errno, body []byte) {
	out := make([]byte, 16, 16+len(body))
	binary.NativeEndian.PutUint32(out[0:], uint32(16+len(body)))
	binary.NativeEndian.PutUint32(out[4:], uint32(-int32(errno)))
	binary.NativeEndian.PutUint64(out[8:], unique)
	_, _ = unix.Write(f.device, append(out, body...))
}
