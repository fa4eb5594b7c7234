package web

// CheckJSON refuses a body that two parsers could read differently: no JSON, more than one value, a name given twice
// in any case, nested too deep. It is what ReadJSON asks first, for doors that decode by other means.
func CheckJSON(raw []byte) error { return checkJSON(raw) }
