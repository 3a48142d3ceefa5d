package cpu

import "github.com/gomlx/compute"

// lowerings is the implementation of every operation that is ours.
var lowerings = map[compute.OpType]lowering{}
