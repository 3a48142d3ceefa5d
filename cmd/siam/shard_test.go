package main

import (
	"fmt"
	"testing"
)

func TestEveryFileIsInOnePartOfAboutEqualSize(t *testing.T) {
	const n, files = 7, 7000
	var sizes [n]int
	for i := range files {
		name := fmt.Sprintf("person%03d/%04d.png", i/10, i)
		in := 0
		for part := range n {
			if (shard{uint64(part + 1), n}).has(name) {
				in++
				sizes[part]++
			}
		}
		if in != 1 {
			t.Fatalf("%s is in %d parts, want 1", name, in)
		}
	}
	for part, size := range sizes {
		if size < files/n*85/100 || size > files/n*115/100 {
			t.Errorf("part %d of %d has %d of %d files, want about a seventh", part+1, n, size, files)
		}
	}
	if !(shard{1, 2}).has("a/b.png") || (shard{1, 2}).has("a/b.png") == (shard{2, 2}).has("a/b.png") {
		t.Error("a/b.png is not in the first of two parts, where it was in earlier versions")
	}
	for _, bad := range []string{"", "1", "0/2", "3/2", "-1/2", "1/0", "a/b", "1/2/3"} {
		if err := new(shard).Set(bad); err == nil {
			t.Errorf("--shard %q is taken", bad)
		}
	}
}
