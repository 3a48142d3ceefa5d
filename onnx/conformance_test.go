package onnx

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// standardTests is where Debian's package libonnx-testdata has the tests of ONNX itself.
const standardTests = "/usr/include/onnx/backend/test/data"

// errWrong says that a test ran and gave other numbers than it should.
var errWrong = errors.New("wrong numbers")

// TestStandardTestsPass runs ONNX's own tests: each passes, or stands in testdata/refused.txt with the reason why not.
func TestStandardTestsPass(t *testing.T) {
	if _, err := os.Stat(standardTests); err != nil {
		t.Skip("ONNX's own tests are not here; on Debian: apt-get install libonnx-testdata")
	}
	reasons := refusedTests(t)
	for _, kind := range []string{"node", "simple", "pytorch-converted", "pytorch-operator"} {
		t.Run(kind, func(t *testing.T) {
			folders, err := filepath.Glob(filepath.Join(standardTests, kind, "test_*"))
			if err != nil {
				t.Fatal(err)
			}
			passed := 0
			for _, folder := range folders {
				name := strings.TrimPrefix(filepath.Base(folder), "test_")
				err, reason := standardTest(t, folder), reasons[name]
				switch {
				case err == nil && reason == "":
					passed++
				case err == nil:
					t.Errorf("%s passes, but stands in the list of those that do not: %s", name, reason)
				case reason == "":
					t.Errorf("%s: %v", name, err)
				case errors.Is(err, errWrong) && !strings.HasPrefix(reason, "the test "):
					t.Errorf("%s: %v, want an error that refuses it: %s", name, err, reason)
				}
			}
			t.Logf("%d of %d tests of ONNX pass, the others are refused", passed, len(folders))
			if len(folders) == 0 {
				t.Errorf("%s has no tests of kind %s", standardTests, kind)
			}
		})
	}
}

// refusedTests reads why tests are refused: lines of an operation, a reason and names, parted by colons.
func refusedTests(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/refused.txt")
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, ": ")
		if len(parts) != 3 {
			t.Fatalf("testdata/refused.txt has the line %q, want operation: reason: names", line)
		}
		for _, name := range strings.Fields(parts[2]) {
			reasons[name] = parts[1]
		}
	}
	return reasons
}

// standardTest runs the network of a folder on each of its sets of data.
func standardTest(t *testing.T, folder string) error {
	m, err := ReadFile(filepath.Join(folder, "model.onnx"))
	if err != nil {
		return err
	}
	var names []string
	for _, v := range m.Outputs() {
		names = append(names, v.Name)
	}
	run, err := NewNetwork(newBackend(t), m, names...)
	if err != nil {
		return err
	}
	defer run.Close()
	sets, _ := filepath.Glob(filepath.Join(folder, "test_data_set_*"))
	for _, set := range sets {
		if err := standardSet(m, run, set); err != nil {
			return err
		}
	}
	return nil
}

func standardSet(m *Model, run *Network, set string) error {
	inputs := map[string]Array{}
	for i, v := range m.Inputs() {
		a, err := storedArray(filepath.Join(set, fmt.Sprintf("input_%d.pb", i)), v.Type, m)
		if err != nil {
			return err
		}
		inputs[v.Name] = a
	}
	var given []Array
	for _, v := range run.Inputs() {
		given = append(given, inputs[v.Name])
	}
	got, err := run.Run(context.Background(), given...)
	if err != nil {
		return err
	}
	for i, v := range m.Outputs() {
		want, err := storedArray(filepath.Join(set, fmt.Sprintf("output_%d.pb", i)), v.Type, m)
		if err != nil {
			return err
		}
		if err := near(got[i], want); err != nil {
			return err
		}
	}
	return nil
}

// storedArray reads a tensor of the test data, images with channels last where the network has them so here.
func storedArray(file string, kind DataType, m *Model) (Array, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Array{}, err
	}
	t, err := readTensor(data)
	if err != nil {
		return Array{}, err
	}
	if t.problem != nil {
		return Array{}, t.problem
	}
	if kind == BFloat { // written as uint16
		t.Type = BFloat
	}
	a := Array{t.Shape, t.Float32s()}
	if !m.imagesChannelsLast() {
		a = inOurOrder(a)
	}
	return a, nil
}

// near compares as ONNX's own runner of these tests does.
func near(got, want Array) error {
	if !slices.Equal(got.Shape, want.Shape) {
		return fmt.Errorf("%w: shape %v, want %v", errWrong, got.Shape, want.Shape)
	}
	for i, w := range want.Values {
		g := float64(got.Values[i])
		if w := float64(w); g != w && !(math.Abs(g-w) <= 1e-6+1e-3*math.Abs(w)) && !(math.IsNaN(g) && math.IsNaN(w)) {
			return fmt.Errorf("%w: number %d = %v, want %v", errWrong, i, g, w)
		}
	}
	return nil
}
