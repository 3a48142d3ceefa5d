package kernel

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

func TestEverySetAgreesWithThePortableOne(t *testing.T) {
	if wrong := check(implementations()); len(wrong) > 0 {
		t.Errorf("loops that disagree with the portable ones: %q, want none", wrong)
	}
	if got := Disagreements(); len(got) > 0 {
		t.Errorf("Disagreements() = %q, want none", got)
	}
}

// eachLoop calls visit with every loop of a set.
func eachLoop(v reflect.Value, name string, visit func(name string, loop reflect.Value)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Field(i)
			eachLoop(reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem(), name+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Array:
		for i := range v.Len() {
			eachLoop(v.Index(i), name, visit)
		}
	case reflect.Func:
		visit(name, v)
	}
}

// idle makes a loop do nothing.
func idle(loop reflect.Value) {
	loop.Set(reflect.MakeFunc(loop.Type(), func([]reflect.Value) []reflect.Value {
		out := make([]reflect.Value, loop.Type().NumOut())
		for i := range out {
			out[i] = reflect.Zero(loop.Type().Out(i))
		}
		return out
	}))
}

func TestEveryBrokenLoopIsNoticedAndReplaced(t *testing.T) {
	count := 0
	set := portable()
	eachLoop(reflect.ValueOf(&set).Elem(), "", func(string, reflect.Value) { count++ })
	if count < 70 {
		t.Fatalf("a set has %d loops, want 70 or more", count)
	}
	for broken := range count {
		sets := []implementation{portable(), portable()}
		sets[1].name = "broken"
		at, name := 0, ""
		eachLoop(reflect.ValueOf(&sets[1]).Elem(), "", func(n string, loop reflect.Value) {
			if at == broken {
				name = n
				idle(loop)
			}
			at++
		})
		wrong := check(sets)
		if strings.HasSuffix(name, ".peak") {
			continue // it computes nothing
		}
		if len(wrong) != 1 {
			t.Errorf("with an idle loop %s: disagreements = %q, want one", name, wrong)
		}
		if again := check(sets); len(again) > 0 {
			t.Errorf("with an idle loop %s: %q still disagree after they were replaced", name, again)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		check(implementations())
	}
}
