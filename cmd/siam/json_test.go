package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// jsonCommand looks at the one JSON object on stdout:
//
//	json PATH == VALUE     VALUE is a number, true, false or text
//	json PATH >= NUMBER    also <=
//	json PATH len N        of a list, an object or text
//	json PATH has          the field is there
//	! json PATH has        it is not
//	json PATH accuracy     a fraction in [0, 1] inside its 95 % confidence interval, with n trials above 0
//
// A PATH such as verification.ci95.0 goes through objects and lists; "." is the whole.
func jsonCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: json PATH OP [VALUE]")
	}
	var whole map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &whole); err != nil {
		ts.Fatalf("stdout is not one JSON object: %v", err)
	}
	value, found := field(whole, args[0])
	if args[1] == "has" {
		if found == neg {
			ts.Fatalf("%s: found %v, want %v", args[0], found, !neg)
		}
		return
	}
	if !found || neg {
		ts.Fatalf("%s is not in %s", args[0], ts.ReadFile("stdout"))
	}
	if args[1] == "accuracy" {
		checkAccuracy(ts, args[0], value)
		return
	}
	if want := args[2]; !holds(value, args[1], want) {
		ts.Fatalf("%s = %v, want %s %s", args[0], value, args[1], want)
	}
}

// field follows path into value.
func field(value any, path string) (any, bool) {
	if path == "." {
		return value, true
	}
	for _, key := range strings.Split(path, ".") {
		found := false
		switch inner := value.(type) {
		case map[string]any:
			value, found = inner[key]
		case []any:
			var i int
			if i, found = index(key, len(inner)); found {
				value = inner[i]
			}
		}
		if !found {
			return nil, false
		}
	}
	return value, true
}

func index(key string, n int) (int, bool) {
	i, err := strconv.Atoi(key)
	return i, err == nil && i >= 0 && i < n
}

func holds(value any, op, want string) bool {
	number, isNumber := value.(float64)
	limit, err := strconv.ParseFloat(want, 64)
	switch op {
	case "==":
		return fmt.Sprint(value) == want || isNumber && err == nil && number == limit
	case ">=":
		return isNumber && err == nil && number >= limit
	case "<=":
		return isNumber && err == nil && number <= limit
	case "len":
		switch v := value.(type) {
		case []any:
			return float64(len(v)) == limit
		case map[string]any:
			return float64(len(v)) == limit
		case string:
			return float64(len(v)) == limit
		}
	}
	return false
}

// checkAccuracy wants {"accuracy": a, "ci95": [low, high], "n": n}.
func checkAccuracy(ts *testscript.TestScript, path string, value any) {
	var a struct {
		Accuracy *float64
		CI95     []float64
		N        int
	}
	encoded, err := json.Marshal(value)
	ts.Check(err)
	if err := json.Unmarshal(encoded, &a); err != nil || a.Accuracy == nil || len(a.CI95) != 2 || a.N < 1 {
		ts.Fatalf("%s = %s, want accuracy, ci95 with two numbers, and n", path, encoded)
	}
	if low, high := a.CI95[0], a.CI95[1]; !(0 <= low && low <= *a.Accuracy && *a.Accuracy <= high && high <= 1) {
		ts.Fatalf("%s: want 0 ≤ %v ≤ %v ≤ %v ≤ 1", path, low, *a.Accuracy, high)
	}
}
