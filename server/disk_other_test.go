//go:build !linux

package server_test

import (
	"errors"
	"testing"
)

func tmpfs(*testing.T, string) (string, error) { return "", errors.ErrUnsupported }
