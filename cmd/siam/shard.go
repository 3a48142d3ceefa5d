package main

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// shard is one of the parts of a collection that several machines share out among them. Which part a file is in depends on its name
// alone, in the folder that is given, so that it is the same everywhere.
type shard struct{ part, of uint64 }

func (s *shard) add(cmd *cobra.Command) {
	cmd.Flags().Var(s, "shard", "take the `I/N` part of the files only, I from 1 to N: each file is in one part, the same one on every machine")
}

func (s *shard) String() string {
	if s.of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.part, s.of)
}

func (s *shard) Set(text string) error {
	part, of, found := strings.Cut(text, "/")
	i, err := strconv.ParseUint(part, 10, 32)
	n, nErr := strconv.ParseUint(of, 10, 32)
	if !found || err != nil || nErr != nil || i < 1 || i > n {
		return fmt.Errorf("want I/N, such as 2/8, with I from 1 to N")
	}
	s.part, s.of = i, n
	return nil
}

func (s *shard) Type() string { return "part such as 2/8" }

// has says whether a file is in the part.
func (s shard) has(name string) bool {
	if s.of == 0 {
		return true
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(filepath.ToSlash(name))) // it does not fail
	mixed := hash.Sum64()
	mixed ^= mixed >> 32 // the low bits of FNV alone tell little of the first letters
	return mixed%s.of == s.part-1
}

// only is the files that are in the part.
func (s shard) only(files []string) []string {
	return slices.DeleteFunc(slices.Clone(files), func(name string) bool { return !s.has(name) })
}
