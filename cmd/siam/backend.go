package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/internal/kernel"
)

// newBackend opens the compute backend that the flags ask for.
func (a *app) newBackend() (siam.Backend, error) { return a.backendAt(a.precision) }

// backendAt opens the backend that the flags ask for, with products of the given precision.
func (a *app) backendAt(precision string) (siam.Backend, error) {
	kind, _, _ := strings.Cut(a.backend, ":")
	if !slices.Contains(siam.Backends(), kind) {
		return nil, usagef("--backend %s: this build has only %s", a.backend, strings.Join(siam.Backends(), ", "))
	}
	if a.threads < 0 {
		return nil, usagef("--threads %d: want 0 for all, or more", a.threads)
	}
	if err := checkPrecision(precision); err != nil {
		return nil, err
	}
	switch {
	case precision == "fp32":
		return siam.NewBackend(a.backend, a.threads)
	case a.backend != "cpu":
		return nil, usagef("--precision %s is for --backend cpu, not %s", precision, a.backend)
	case precision == "bf16x3" && !kernel.HasSquares():
		return nil, fmt.Errorf("this processor's instruction set in use, %s, has no matrix unit: use --precision fp32", kernel.Active())
	case precision == "bf16" && !kernel.HasBFloat16():
		return nil, fmt.Errorf("this processor's instruction set in use, %s, has no products of bfloat16: use --precision fp32", kernel.Active())
	}
	return siam.NewBackend(fmt.Sprintf("cpu:threads=%d,precision=%s", a.threads, precision), 0)
}

// checkPrecision says what is wrong with --precision, whichever processor will compute.
func checkPrecision(precision string) error {
	if !slices.Contains([]string{"fp32", "bf16", "bf16x3"}, precision) {
		return usagef("--precision %s: want fp32, bf16 or bf16x3", precision)
	}
	return nil
}
