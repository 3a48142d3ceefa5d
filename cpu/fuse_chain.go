package cpu

func (g *body) fuseChains() {}
