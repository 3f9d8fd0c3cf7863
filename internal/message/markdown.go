package message

import "io"

// Markdown writes docs/messages.md.
func Markdown(w io.Writer) error { _, err := io.WriteString(w, ""); return err }
