package trust

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// stranger is a user that is neither root nor the tester.
const stranger = 54321

// tree makes a trusted directory /…/a/b with a file f in it, whatever TMPDIR is like.
func tree(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(dir, uint32(os.Geteuid())); err != nil {
		t.Skip("the temporary directory itself cannot be trusted: ", err)
	}
	must(t, os.MkdirAll(filepath.Join(dir, "a/b"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "a/b/f"), []byte("content"), 0o644))
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestCheck breaks the trust in one place of a good path at a time.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		root bool
		do   func(t *testing.T, dir string)
		at   string // what is at fault, below the directory; "" where nothing is
		want string
	}{
		{"nothing", false, func(*testing.T, string) {}, "", ""},
		{"group writes file", false, chmod("a/b/f", 0o664), "a/b/f", "is writable by its group (mode 0664): chmod go-w"},
		{"all write file", false, chmod("a/b/f", 0o646), "a/b/f", "is writable by everybody (mode 0646): chmod go-w"},
		{"sticky file is no excuse", false, chmod("a/b/f", 0o666|os.ModeSticky), "a/b/f", "is writable by everybody (mode 1666): chmod go-w"},
		{"group writes directory", false, chmod("a/b", 0o775), "a/b", "on the way to it is writable by its group (mode 0775): chmod go-w"},
		{"all write directory above", false, chmod("a", 0o757), "a", "on the way to it is writable by everybody (mode 0757): chmod go-w"},
		{"sticky directory", false, chmod("a", 0o777|os.ModeSticky), "", ""},
		{"stranger's file", true, chown("a/b/f"), "a/b/f", "belongs to the user 54321: chown root"},
		{"stranger's directory", true, chown("a"), "a", "on the way to it belongs to the user 54321: chown root"},
		{"stranger's sticky directory", true, func(t *testing.T, dir string) {
			chown("a")(t, dir)
			chmod("a", 0o755|os.ModeSticky)(t, dir)
		}, "a", "belongs to the user 54321: chown root"},
		{"stranger's file in a sticky directory", true, func(t *testing.T, dir string) {
			chown("a/b/f")(t, dir)
			chmod("a/b", 0o777|os.ModeSticky)(t, dir)
		}, "a/b/f", "belongs to the user 54321: chown root"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.root && os.Geteuid() != 0 {
				t.Skip("needs root to give files away")
			}
			dir := tree(t)
			c.do(t, dir)
			expect(t, Check(filepath.Join(dir, "a/b/f"), uint32(os.Geteuid())), dir, c.at, c.want)
		})
	}
}

func chmod(name string, mode os.FileMode) func(*testing.T, string) {
	return func(t *testing.T, dir string) { must(t, os.Chmod(filepath.Join(dir, name), mode)) }
}

func chown(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { must(t, os.Lchown(filepath.Join(dir, name), stranger, -1)) }
}

// expect holds that the error blames dir/at with the text, or that there is none.
func expect(t *testing.T, err error, dir, at, text string) {
	t.Helper()
	if at == "" {
		if err != nil {
			t.Fatal("refused: ", err)
		}
		return
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error about %s", err, at)
	}
	if blamed := filepath.Join(dir, at); e.At != blamed || !strings.HasSuffix(e.Error(), text+" "+blamed) {
		t.Errorf("got  %s\nwant … %s %s", e, text, blamed)
	}
}

// TestLinks leads over symbolic links to the same file.
func TestLinks(t *testing.T) {
	for _, c := range []struct {
		name, link, target string
		do                 func(t *testing.T, dir string)
		at                 string
		want               string
	}{
		{"to a file", "l", "a/b/f", nil, "", ""},
		{"to a directory", "l/f", "a/b", nil, "", ""},
		{"up and down", "a/b/l/f", "../../a/b/.", nil, "", ""},
		{"through what all write", "l", "a/b/f", chmod("a", 0o777), "a", "on the way to it is writable by everybody (mode 0777): chmod go-w"},
		{"from what all write", "w/l", "../a/b/f", chmod("w", 0o777), "w", "on the way to it is writable by everybody (mode 0777): chmod go-w"},
		{"my own in a sticky directory", "w/l", "../a/b/f", chmod("w", 0o777|os.ModeSticky), "", ""},
		{"stranger's in a sticky directory", "w/l", "../a/b/f", func(t *testing.T, dir string) {
			chmod("w", 0o777|os.ModeSticky)(t, dir)
			chown("w/l")(t, dir)
		}, "w/l", "belongs to the user 54321: chown -h root"},
		{"stranger's where he cannot change it", "w/l", "../a/b/f", chown("w/l"), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Contains(c.name, "stranger") && os.Geteuid() != 0 {
				t.Skip("needs root to give files away")
			}
			dir := tree(t)
			must(t, os.Mkdir(filepath.Join(dir, "w"), 0o755))
			at := strings.TrimSuffix(filepath.Join(dir, c.link), "/f")
			must(t, os.Symlink(c.target, at))
			if c.do != nil {
				c.do(t, dir)
			}
			expect(t, Check(filepath.Join(dir, c.link), uint32(os.Geteuid())), dir, c.at, c.want)
		})
	}
}

// TestAbsoluteLink begins again at the root, and holds what the link leads to to the same.
func TestAbsoluteLink(t *testing.T) {
	dir := tree(t)
	link := filepath.Join(dir, "l")
	must(t, os.Symlink(filepath.Join(dir, "a/b/f"), link))
	expect(t, Check(link, uint32(os.Geteuid())), dir, "", "")
	must(t, os.Chmod(filepath.Join(dir, "a/b/f"), 0o666))
	expect(t, Check(link, uint32(os.Geteuid())), dir, "a/b/f", "is writable by everybody (mode 0666): chmod go-w")
}

// TestCannotTell holds what is no matter of trust.
func TestCannotTell(t *testing.T) {
	dir, me := tree(t), uint32(os.Geteuid())
	must(t, os.Symlink("loop", filepath.Join(dir, "loop")))
	must(t, os.Symlink("nowhere", filepath.Join(dir, "broken")))
	must(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	for path, want := range map[string]error{
		filepath.Join(dir, "missing"):     fs.ErrNotExist,
		filepath.Join(dir, "broken"):      fs.ErrNotExist,
		filepath.Join(dir, "loop"):        unix.ELOOP,
		filepath.Join(dir, "a/b/f/below"): unix.ENOTDIR,
		filepath.Join(dir, "fifo"):        nil,
		"a/b/f":                           nil,
		"":                                nil,
		"/etc\x00/passwd":                 nil,
	} {
		err := Check(path, me)
		var untrusted *Error
		if err == nil || errors.As(err, &untrusted) || want != nil && !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", path, err, want)
		}
		if f, err := Open(path, me); err == nil {
			f.Close()
			t.Errorf("%q: opened", path)
		}
	}
}

// TestOtherUser holds whose files a user may believe: root's and their own.
func TestOtherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files away")
	}
	dir := tree(t)
	f := filepath.Join(dir, "a/b/f")
	expect(t, Check(f, stranger), dir, "", "")
	must(t, os.Lchown(f, stranger, -1))
	expect(t, Check(f, stranger), dir, "", "")
	expect(t, Check(f, stranger+1), dir, "a/b/f", "belongs to the user 54321: chown root")
}

// TestOpen reads the file that was checked, also through a link, and a directory.
func TestOpen(t *testing.T) {
	dir, me := tree(t), uint32(os.Geteuid())
	must(t, os.Symlink("a/b/f", filepath.Join(dir, "l")))
	f, err := Open(filepath.Join(dir, "l"), me)
	must(t, err)
	defer f.Close()
	if data, err := io.ReadAll(f); string(data) != "content" || err != nil {
		t.Errorf("read %q, %v", data, err)
	}
	d, err := Open(filepath.Join(dir, "a"), me)
	must(t, err)
	defer d.Close()
	if names, err := d.Readdirnames(-1); len(names) != 1 || err != nil {
		t.Errorf("read %q, %v", names, err)
	}
	must(t, os.Chmod(filepath.Join(dir, "a/b/f"), 0o666))
	if f, err := Open(filepath.Join(dir, "l"), me); err == nil {
		f.Close()
		t.Error("opened what all may write")
	}
}

// TestNoLeak holds that no descriptor stays open, however a walk ends.
func TestNoLeak(t *testing.T) {
	dir, me := tree(t), uint32(os.Geteuid())
	must(t, os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "l")))
	must(t, os.Symlink("loop", filepath.Join(dir, "loop")))
	must(t, os.Symlink("/", filepath.Join(dir, "top")))
	must(t, os.WriteFile(filepath.Join(dir, "w"), nil, 0o644))
	must(t, os.Chmod(filepath.Join(dir, "w"), 0o666))
	before := descriptors(t)
	for _, name := range []string{"a/b/f", "l/b/f", "l/b", "loop", "top", "w", "missing/x", "a/b/f/x", "l/../a/b"} {
		_ = Check(filepath.Join(dir, name), me)
		if f, err := Open(dir+"/"+name, me); err == nil {
			f.Close()
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(entries)
}
