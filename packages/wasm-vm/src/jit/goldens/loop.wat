(module
  (type 0 (func (param i64 i64 i64 i64 i64) (result i64)))
  (type 1 (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (import "k" "memory" (memory 1))
  (export "0" (func $sub0))
  (func $sub0 (type 1)
    (local i64 i64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    local.get 0
    i32.wrap_i64
    local.set 10
    ;; 0
    local.get 10
    i32.load align=1
    local.set 11
    ;; 1
    i32.const 10
    local.set 12
    ;; 2
    i32.const 0
    local.set 9
    ;; 2
    local.get 9
    i64.extend_i32_u
    local.set 6
    local.get 12
    i64.extend_i32_u
    local.set 2
    loop
      block
        ;; 3
        local.get 6
        local.get 11
        i64.extend_i32_u
        i64.add
        local.set 6
        ;; 4
        local.get 2
        i64.const -1
        i64.add
        local.set 2
        ;; 5
        local.get 2
        i64.eqz
        br_if 0
        ;; 3
        local.get 6
        local.get 11
        i64.extend_i32_u
        i64.add
        local.set 6
        ;; 4
        local.get 2
        i64.const -1
        i64.add
        local.set 2
        ;; 5
        local.get 2
        i64.eqz
        br_if 0
        ;; 3
        local.get 6
        local.get 11
        i64.extend_i32_u
        i64.add
        local.set 6
        ;; 4
        local.get 2
        i64.const -1
        i64.add
        local.set 2
        ;; 5
        local.get 2
        i64.eqz
        br_if 0
        ;; 3
        local.get 6
        local.get 11
        i64.extend_i32_u
        i64.add
        local.set 6
        ;; 4
        local.get 2
        i64.const -1
        i64.add
        local.set 2
        ;; 5
        local.get 2
        i64.eqz
        br_if 0
        ;; 3
        local.get 6
        local.get 11
        i64.extend_i32_u
        i64.add
        local.set 6
        ;; 4
        local.get 2
        i64.const -1
        i64.add
        local.set 2
        ;; 5
        local.get 2
        i64.eqz
        br_if 0
        ;; 3
        local.get 6
        local.get 11
        i64.extend_i32_u
        i64.add
        local.set 6
        ;; 4
        local.get 2
        i64.const -1
        i64.add
        local.set 2
        ;; 5
        local.get 2
        i64.eqz
        br_if 0
        ;; 3
        local.get 6
        local.get 11
        i64.extend_i32_u
        i64.add
        local.set 6
        ;; 4
        local.get 2
        i64.const -1
        i64.add
        local.set 2
        ;; 5
        local.get 2
        i64.eqz
        br_if 0
        ;; 3
        local.get 6
        local.get 11
        i64.extend_i32_u
        i64.add
        local.set 6
        ;; 4
        local.get 2
        i64.const -1
        i64.add
        local.set 2
        ;; 5
        local.get 2
        i64.eqz
        i32.eqz
        br_if 1
        br 0
      end
      ;; 6
      local.get 6
      return
    end
    unreachable
  )
)
