package procscan

import (
	"encoding/binary"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// fuse is a file system (linux/fuse.h) with one file, "file", which everyone may open and
// map and whose reading never ends, and one name, "lost", whose lookup never ends.
type fuse struct {
	dir    string
	device int
	reads  chan struct{} // closed at the first read
	tell   bool
}

// The operations that are answered.
const (
	fuseLookup  = 1
	fuseForget  = 2
	fuseGetattr = 3
	fuseOpen    = 14
	fuseRead    = 15
	fuseRelease = 18
	fuseInit    = 26
	fuseStop    = 36 // FUSE_INTERRUPT
)

// mountFuse mounts such a file system for the length of the test.
func mountFuse(t *testing.T) *fuse {
	t.Helper()
	needRoot(t)
	f := &fuse{dir: t.TempDir(), reads: make(chan struct{})}
	var err error
	if f.device, err = unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
		t.Skipf("no FUSE: %v", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", f.device)
	if err := unix.Mount("procscan-test", f.dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		unix.Close(f.device)
		t.Skipf("cannot mount: %v", err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		f.serve()
	}()
	t.Cleanup(func() {
		f.end(t)
		<-served
		unix.Close(f.device)
	})
	return f
}

// end makes all that hangs fail. It may be called twice.
func (f *fuse) end(t *testing.T) {
	t.Helper()
	if err := unix.Unmount(f.dir, unix.MNT_FORCE|unix.MNT_DETACH); err != nil && err != unix.EINVAL {
		t.Errorf("unmount: %v", err)
	}
}

func (f *fuse) serve() {
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

// answer replies to a request: struct fuse_in_header has the operation at 4, a number at
// 8, the node at 16, and is 40 bytes long.
func (f *fuse) answer(request []byte) {
	u32, u64 := binary.NativeEndian.Uint32, binary.NativeEndian.Uint64
	unique, node, body := u64(request[8:]), u64(request[16:]), request[40:]
	switch u32(request[4:]) {
	case fuseInit: // struct fuse_init_out: version 7.31, all else as small as can be
		out := make([]byte, 64)
		binary.NativeEndian.PutUint32(out[0:], 7)
		binary.NativeEndian.PutUint32(out[4:], 31)
		binary.NativeEndian.PutUint32(out[20:], 1<<16)
		f.reply(unique, 0, out)
	case fuseLookup: // struct fuse_entry_out: the node, and 40 bytes on struct fuse_attr
		switch string(body) {
		case "file\x00":
			out := make([]byte, 40, 128)
			binary.NativeEndian.PutUint64(out[0:], 2)
			f.reply(unique, 0, append(out, attributes(2)...))
		case "lost\x00":
		default:
			f.reply(unique, unix.ENOENT, nil)
		}
	case fuseGetattr: // struct fuse_attr_out
		f.reply(unique, 0, append(make([]byte, 16), attributes(node)...))
	case fuseOpen:
		f.reply(unique, 0, make([]byte, 16))
	case fuseRead:
		if !f.tell {
			f.tell = true
			close(f.reads)
		}
	case fuseForget, fuseStop:
	case fuseRelease:
		f.reply(unique, 0, nil)
	default:
		f.reply(unique, unix.ENOSYS, nil)
	}
}

// attributes is struct fuse_attr of the root directory (1) or the file.
func attributes(node uint64) []byte {
	out := make([]byte, 88)
	mode := uint32(unix.S_IFDIR | 0o755)
	if node != 1 {
		mode = unix.S_IFREG | 0o644
		binary.NativeEndian.PutUint64(out[8:], uint64(os.Getpagesize()))
	}
	binary.NativeEndian.PutUint64(out[0:], node)
	binary.NativeEndian.PutUint32(out[60:], mode)
	binary.NativeEndian.PutUint32(out[64:], 1)
	return out
}

func (f *fuse) reply(unique uint64, errno unix.Errno, body []byte) {
	out := make([]byte, 16, 16+len(body))
	binary.NativeEndian.PutUint32(out[0:], uint32(16+len(body)))
	binary.NativeEndian.PutUint32(out[4:], uint32(-int32(errno)))
	binary.NativeEndian.PutUint64(out[8:], unique)
	_, _ = unix.Write(f.device, append(out, body...))
}
