//go:build xla

package siam

import _ "github.com/gomlx/go-xla/compute/xla" // registers "xla": needs cgo, and a PJRT plugin when it runs
