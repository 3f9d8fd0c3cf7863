package state

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// On a full disk daemon after daemon finds room for what has grown, up to twice of what it was
// and a megabyte.
func TestBooksOnAFullDisk(t *testing.T) {
	mount := mountTmpfs(t, "4m")
	dir := filepath.Join(mount, "procward")
	told := 0
	put := func(n int) {
		b, kept, problems, err := OpenBook(dir, func(error) { told++ })
		if err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- b.Run(ctx) }()
		for i := range n {
			if want := fmt.Sprintf("%q", strings.Repeat("x", i*1000)); string(kept.Values[fmt.Sprint(i)]) != want {
				t.Fatalf("book %d: %d is not kept", n, i)
			}
		}
		b.Put(map[string]any{fmt.Sprint(n): strings.Repeat("x", n*1000)})
		if err := errors.Join(b.Written(ctx), b.Flush(ctx)); err != nil {
			t.Fatalf("book %d: %v", n, err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatalf("the end of book %d: %v", n, err)
		}
	}
	put(0)
	put(1)
	stuffing := stuff(t, mount)
	for n := 2; n < 20; n++ {
		put(n)
	}
	if told > 0 {
		t.Errorf("%d complaints", told)
	}
	if err := unix.Unlink(stuffing); err != nil {
		t.Fatal(err)
	}
	put(20)
}
