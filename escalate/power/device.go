package power

import (
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// device is a watchdog as the kernel shows it.
type device interface {
	options() uint32 // WDIOF_ flags
	feed() error
	setTimeout(time.Duration) (time.Duration, error) // what the kernel calls it then
	setPretimeout(time.Duration) error               // 0: none
	disarm() error                                   // the magic letter: the close that follows stops it
	close() error
}

// kernelDevice is the real one: each method is one system call.
type kernelDevice struct {
	fd    int
	flags uint32
}

// openDevice opens a watchdog, which starts it. The kernel lets only one process open it.
func openDevice(path string) (device, error) {
	fd, err := openFile(path)
	if errors.Is(err, unix.EBUSY) {
		return nil, fmt.Errorf("%w: another program feeds it (RuntimeWatchdogSec= in /etc/systemd/system.conf, or a watchdog daemon); only one can", err)
	}
	if err != nil {
		return nil, err
	}
	info, err := unix.IoctlGetWatchdogInfo(fd)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("%s is no watchdog: %w", path, err)
	}
	return &kernelDevice{fd, info.Options}, nil
}

func (k *kernelDevice) options() uint32 { return k.flags }

func (k *kernelDevice) feed() error { return unix.IoctlWatchdogKeepalive(k.fd) }

func (k *kernelDevice) setTimeout(d time.Duration) (time.Duration, error) {
	if k.flags&unix.WDIOF_SETTIMEOUT != 0 {
		// A driver that does not accept this one keeps its own.
		_ = unix.IoctlSetPointerInt(k.fd, unix.WDIOC_SETTIMEOUT, seconds(d))
	}
	s, err := unix.IoctlGetInt(k.fd, unix.WDIOC_GETTIMEOUT)
	if err == nil && s <= 0 {
		err = errors.New("it is 0")
	}
	if err != nil {
		return 0, fmt.Errorf("timeout of the watchdog: %w", err)
	}
	return time.Duration(s) * time.Second, nil
}

func (k *kernelDevice) setPretimeout(d time.Duration) error {
	if err := unix.IoctlSetPointerInt(k.fd, unix.WDIOC_SETPRETIMEOUT, seconds(d)); err != nil {
		return fmt.Errorf("pretimeout of the watchdog: %w", err)
	}
	return nil
}

func (k *kernelDevice) disarm() error { return write(k.fd, []byte("V")) }

func (k *kernelDevice) close() error { return unix.Close(k.fd) }

// seconds rounds up.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
