(module
  (type 0 (func (param i64 i64 i64 i64 i64) (result i64)))
  (type 1 (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (import "k" "memory" (memory 1))
  (export "0" (func $sub0))
  (func $sub0 (type 1)
    (local i64 i64 i64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    local.get 0
    i32.wrap_i64
    local.set 11
    ;; 0
    local.get 11
    i32.load align=1
    local.set 10
    ;; 1
    local.get 10
    local.set 16
    ;; 2
    i32.const 1
    local.set 10
    ;; 3
    local.get 16
    local.set 12
    ;; 4
    local.get 10
    i64.extend_i32_u
    local.get 12
    i64.extend_i32_u
    i64.add
    local.set 6
    ;; 5
    local.get 6
    return
    unreachable
  )
)
