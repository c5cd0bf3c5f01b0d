(module
  (type 0 (func (param i64 i64 i64 i64 i64) (result i64)))
  (type 1 (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (import "k" "memory" (memory 1))
  (export "0" (func $sub0))
  (func $sub0 (type 1)
    (local i64 i64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    local.get 5
    i32.const 512
    i32.sub
    local.set 18
    ;; 0
    local.get 5
    local.set 11
    ;; 1
    local.get 11
    i32.const -8
    i32.add
    local.set 11
    ;; 2
    local.get 11
    i64.const 5
    i64.store align=1
    ;; 3
    local.get 18
    i32.load offset=504 align=1
    local.set 9
    ;; 4
    local.get 9
    i64.extend_i32_u
    return
    unreachable
  )
)
