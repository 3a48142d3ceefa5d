package cpu

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"

	"github.com/gomlx/compute/support/backendtest"
)

func TestBackendConforms(t *testing.T) {
	backendtest.RunAll(t, newTestBackend(t, Options{}), nil)
}

// skipped lists the conformance cases that GoMLX's Go backend skips too: attention as one operation, which it has
// switched off, and products whose sums would be kept in a half precision other than the operands'.
func skipped() []string {
	names := []string{"FusedOps/FusedScaledDotProductAttention"}
	types := []string{"Float16", "Float32", "Float64", "BFloat16"}
	for _, operands := range types {
		for _, sums := range []string{"Float16", "BFloat16"} {
			for _, result := range append(types, "InvalidDType") {
				if sums != operands {
					names = append(names, "DotGeneral/DTypes/"+operands+"_"+sums+"_"+result)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

func TestConformanceSkipsOnlyWhatTheGoBackendSkips(t *testing.T) {
	command := exec.Command(os.Args[0], "-test.run=^TestBackendConforms$", "-test.v")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("conformance suite: %v\n%s", err, output)
	}
	var got []string
	for _, match := range regexp.MustCompile(`--- SKIP: TestBackendConforms/(\S+)`).FindAllSubmatch(output, -1) {
		got = append(got, string(match[1]))
	}
	slices.Sort(got)
	if want := skipped(); !slices.Equal(got, want) {
		t.Errorf("skipped cases = %v, want %v", got, want)
	}
	if passed := len(regexp.MustCompile(`--- PASS: `).FindAll(output, -1)); passed < 286 {
		t.Errorf("passed cases = %d, want 286 or more", passed)
	}
}
