package cpu

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/gomlx/compute"
)

// TestEveryOperationIsDeclared reads from the recorder's source what it records.
func TestEveryOperationIsDeclared(t *testing.T) {
	files, err := filepath.Glob("record_*.go")
	if err != nil || len(files) < 4 {
		t.Fatalf("source files of the recorder = %v, %v", files, err)
	}
	recorded := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`compute\.OpType([A-Z]\w*)`).FindAllSubmatch(source, -1) {
			op, err := compute.OpTypeString(string(match[1]))
			if err != nil {
				t.Fatal(err)
			}
			recorded++
			if operations[op].apart == nil {
				t.Errorf("%s records %s, which is not declared: say beside its lowering whether it treats the images of a batch apart", file, op)
			}
		}
	}
	if recorded < 100 {
		t.Errorf("the recorder records %d operations, want 100 or more", recorded)
	}
}
