package confd

import "embed"

// Shipped holds the drop-ins that procward ships. They act on nothing by default.
//
//go:embed *.yaml
var Shipped embed.FS
